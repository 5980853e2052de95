// A form whose fields are drawn here, from the description that the server makes of the declarations, when it is first
// shown. On the page are only a place for it and two hidden texts of Gradio's, which hold as JSON what differs from the
// defaults: what is saved in ui-config.json, and pictures and secrets. What else sets the texts (pasted infotext, presets,
// a tab that sends) is shown here; what is set here is written there.
(function () {
    "use strict";

    const forms = new Map();
    const extensions = [];
    const same = (one, other) => JSON.stringify(one ?? null) === JSON.stringify(other ?? null);

    /** An address below the WebUI's own, wherever a proxy put that. */
    function address(path) {
        return `${location.origin}${location.pathname.replace(/\/?$/, "/")}${path}`;
    }

    function parsed(text) {
        try {
            const values = JSON.parse(text || "{}");
            return values && typeof values === "object" && !Array.isArray(values) ? values : {};
        } catch {
            return {};
        }
    }

    class DrawnForm {
        constructor(root) {
            this.root = root;
            this.prefix = root.dataset.prefix;
            this.given = {};
            this.written = {};
            this.controls = new Map();
            this.listeners = [];
            this.opened = new Set();
            this.whenShown = [];
            this.fields = null;
            this.watch();
            // as soon as it has a place on the page, below the fold too, so that Tab finds its fields; hidden it has no size
            new ResizeObserver(() => {
                const isShown = Boolean(root.offsetParent);
                if (isShown && !this.isShown) this.whenShown.forEach(each => each());
                this.isShown = isShown;
                if (isShown) this.open();
            }).observe(root);
        }

        box(name) {
            return document.querySelector(`#${this.prefix}_${name} textarea, #${this.prefix}_${name} input`);
        }

        /** Follow the texts, which Gradio may have made anew. */
        watch() {
            const boxes = ["values", "unsaved"].map(name => this.box(name));
            if (boxes.some((box, at) => !box || box === this.watched?.[at])) return;
            this.watched = boxes;
            boxes.forEach(box => window.bootcampControls.follow(box, () => this.read()));
            this.read();
        }

        async open() {
            if (this.fields || this.asking) return;
            this.asking = true;
            try {
                this.draw(await this.describe());
            } catch (error) {
                this.complain(error);
            } finally {
                this.asking = false;
            }
        }

        async describe() {
            const answer = await fetch(address(`bootcamp/v1/forms/${encodeURIComponent(this.root.dataset.form)}`));
            const description = await answer.json();
            if (!answer.ok) throw new Error(description.detail);
            return description;
        }

        /** Draw the form anew from what the server says now; what is set stays. */
        reload() {
            if (!this.fields) return;
            this.fields = null;
            this.drawn = undefined;
            this.open();
        }

        complain(error) {
            const { element } = window.bootcampControls;
            this.root.replaceChildren();
            element("p", { role: "alert", text: window.bootcampLanguage.filled("The form could not be loaded: {1}", error.message || error) }, this.root);
            const again = element("button", { type: "button", text: "Try again" }, this.root);
            again.addEventListener("click", () => this.open());
        }

        draw(description) {
            const { element } = window.bootcampControls;
            this.description = description;
            this.fields = new Map(description.fields.map(each => [each.key, each]));
            const focused = this.root.contains(document.activeElement) && document.activeElement.id;
            this.root.replaceChildren();
            this.controls.clear();
            const chooser = this.fields.get(description.chooser);
            const own = description.fields.filter(each => !each.key.includes("."));
            if (chooser) this.add(chooser, this.root);
            this.partFront = element("div", { class: "bootcamp-form-fields" }, this.root);
            this.front = element("div", { class: "bootcamp-form-fields" }, this.root);
            this.addAll(own.filter(each => each.front && each !== chooser), this.front);
            this.more = this.fold("More", { class: "bootcamp-form-more" }, this.root);
            this.partMore = element("div", {}, this.more);
            this.addGroups(own.filter(each => !each.front && each !== chooser), element("div", {}, this.more));
            if (!chooser) this.addPresets();
            this.drawPart();
            this.show();
            extensions.filter(([head]) => this.root.dataset.form.startsWith(head)).forEach(([, extend]) => extend(this));
            if (focused) document.getElementById(focused)?.focus();
        }

        /** Have a part that opens be open again when the form is drawn anew. */
        remember(name, details) {
            details.open = this.opened.has(name);
            details.addEventListener("toggle", () => details.isConnected && this.opened[details.open ? "add" : "delete"](name));
            return details;
        }

        /** A part that opens, below its title. */
        fold(title, attributes, parent) {
            const { element } = window.bootcampControls;
            const made = this.remember(title, element("details", attributes, parent));
            element("summary", { text: title }, made);
            return made;
        }

        get part() {
            return this.description?.chooser ? this.value(this.description.chooser) : "";
        }

        drawPart() {
            if (!this.description.chooser || this.drawn === this.part) return;
            for (const key of [...this.controls.keys()].filter(each => each.includes("."))) this.controls.delete(key);
            this.drawn = this.part;
            this.partFront.replaceChildren();
            this.partMore.replaceChildren();
            const fields = this.description.fields.filter(each => each.key.startsWith(`${this.part}.`));
            this.addAll(fields.filter(each => each.front), this.partFront);
            this.addPresets();
            this.addGroups(fields.filter(each => !each.front), this.partMore);
        }

        addPresets() {
            const { element } = window.bootcampControls;
            const presets = this.description.presets?.[this.part];
            if (!presets) return;
            const label = element("label", { class: "bootcamp-form-field" });
            if (this.description.presetsInFront?.includes(this.part)) this.partFront.prepend(label);
            else this.partMore.append(label);
            element("span", { text: "Start from" }, label);
            const help = `${this.prefix}_start_from_help`;
            const choice = element("select", { "aria-describedby": help }, label);
            element("p", { id: help, class: "bootcamp-form-help", text: "Sets the map's own fields; how ControlNet applies it is another choice." }, label);
            element("option", { value: "", text: "No preset" }, choice);
            Object.keys(presets).forEach(name => element("option", { value: name, text: name }, choice));
            choice.addEventListener("change", () => {
                for (const [name, value] of Object.entries(presets[choice.value] || {})) this.keep(this.part ? `${this.part}.${name}` : name, value);
                this.write();
            });
        }

        addAll(fields, parent) {
            fields.forEach(field => this.add(field, parent));
            window.bootcampControls.fit(parent);
        }

        addGroups(fields, parent) {
            const { element } = window.bootcampControls;
            this.addAll(fields.filter(each => !each.group), element("div", { class: "bootcamp-form-fields" }, parent));
            for (const name of new Set(fields.map(each => each.group).filter(Boolean))) {
                const group = this.fold(name, { class: "bootcamp-form-group" }, parent);
                this.addAll(fields.filter(each => each.group === name), element("div", { class: "bootcamp-form-fields" }, group));
            }
        }

        add(field, parent) {
            const { element, make } = window.bootcampControls;
            const id = `${this.prefix}_${field.key.replace(/\W/g, "_")}`;
            const place = element("div", { class: `bootcamp-form-field bootcamp-form-${field.kind}`, "data-key": field.key }, parent);
            const label = element("label", { for: id, id: `${id}_label`, text: field.label }, place);
            const control = make(field, id, value => this.set(field.key, value), problem => this.mark(field.key, problem));
            place.append(control.element);
            if (field.help) element("p", { id: `${id}_help`, class: "bootcamp-form-help", text: field.help }, place);
            const error = element("p", { id: `${id}_error`, class: "bootcamp-field-error", role: "alert", hidden: true }, place);
            control.input.setAttribute("aria-describedby", [field.help && `${id}_help`, `${id}_error`].filter(Boolean).join(" "));
            if (control.input.getAttribute("role") === "group") control.input.setAttribute("aria-labelledby", label.id);
            this.controls.set(field.key, { ...control, field, place, error });
        }

        /** What a field holds where nothing is given: a chosen preset's value, else the declared one. */
        fallback(key) {
            const choosers = this.description.defaultsBy || {};
            const chosen = name => this.given[name] ?? this.fields.get(name)?.default;
            for (const [chooser, values] of key in choosers ? [] : Object.entries(choosers)) {
                const unless = Object.entries(this.description.defaultsUnless?.[chooser] ?? {});
                if (unless.some(([name, those]) => those.includes(chosen(name)))) continue;
                const found = values[this.value(chooser)]?.[key];
                if (found !== undefined) return found;
            }
            const field = this.fields.get(key);
            return field?.default ?? (field?.kind === "string" && !field.optional ? "" : null);
        }

        value(key) {
            return key in this.given ? this.given[key] : this.fallback(key);
        }

        /** By key, what a server makes of the texts: without the parts that are not shown. */
        get values() {
            const part = `${this.part}.`;
            return Object.fromEntries(Object.entries(this.given).filter(([key]) => !key.includes(".") || key.startsWith(part)));
        }

        keep(key, value) {
            if (value === null || same(value, this.fallback(key))) delete this.given[key];
            else this.given[key] = value;
        }

        /** Take what is typed; the control that it is typed into is left as it is. */
        set(key, value) {
            this.keep(key, value);
            this.edited = key;
            this.write();
            this.edited = null;
        }

        /** Set several values, by key, as if they were typed; before the form is drawn too. */
        fill(keyed) {
            for (const [key, value] of Object.entries(keyed)) {
                if (this.fields) this.keep(key, value);
                else if (value === null) delete this.given[key];
                else this.given[key] = value;
            }
            this.write();
        }

        write() {
            const isSaved = key => this.fields?.get(key)?.saved ?? true;
            for (const [name, wanted] of [["values", true], ["unsaved", false]]) {
                const held = Object.entries(this.given).filter(([key]) => isSaved(key) === wanted);
                const text = held.length ? JSON.stringify(Object.fromEntries(held)) : "";
                const box = this.box(name);
                if (!box || text === (this.written[name] ?? box.value)) continue;
                this.written[name] = text;
                box.value = text;
                box.dispatchEvent(new Event("input", { bubbles: true }));
            }
            this.show();
        }

        /** Take what was set from outside; parts that it does not name, and that are not shown, keep their values. */
        read() {
            const texts = ["values", "unsaved"].map(name => this.box(name)?.value ?? "");
            if (texts[0] === this.written.values && texts[1] === this.written.unsaved) return;
            this.written = { values: texts[0], unsaved: texts[1] };
            const next = { ...parsed(texts[0]), ...parsed(texts[1]) };
            const named = new Set(Object.keys(next).filter(key => key.includes(".")).map(key => key.split(".")[0]));
            const before = this.given;
            this.given = next;
            if (!this.fields) return;
            for (const [key, value] of Object.entries(before)) {
                const [part, name] = key.split(".");
                if (name && part !== this.part && !named.has(part)) this.given[key] = value;
            }
            this.show();
        }

        show() {
            if (!this.fields) return;
            this.drawPart();
            for (const [key, control] of this.controls) {
                control.place.hidden = !this.applies(key);
                const value = this.value(key);
                if (key !== this.edited || control.field.kind === "image") control.show(value, this.fallback(key));
                this.mark(key, window.bootcampControls.problem(control.field, value));
            }
            for (const group of this.root.querySelectorAll(".bootcamp-form-group")) {
                group.hidden = [...group.querySelectorAll(".bootcamp-form-field")].every(each => each.hidden);
            }
            this.more.hidden = [...this.more.querySelectorAll(".bootcamp-form-field")].every(each => each.hidden);
            this.listeners.forEach(each => each(this));
        }

        applies(key) {
            const head = key.includes(".") ? `${key.split(".")[0]}.` : "";
            const when = Object.entries(this.fields.get(key).when || {});
            return when.every(([name, allowed]) => allowed.includes(this.value(head + name)));
        }

        mark(key, problem) {
            const { error, input } = this.controls.get(key);
            error.textContent = window.bootcampControls.translated(problem);
            error.hidden = !problem;
            if (problem) input.setAttribute("aria-invalid", "true");
            else input.removeAttribute("aria-invalid");
        }
    }

    window.bootcampForms = {
        address,
        get: prefix => forms.get(prefix),
        fill: (prefix, keyed) => forms.get(prefix)?.fill(keyed),
        describeAll: () => Promise.all([...forms.values()].map(each => each.describe())),
        /** Have a function called with each form whose name begins so, once it is drawn. */
        extend: (head, extend) => extensions.push([head, extend]),
    };

    // Gradio builds its page late and rebuilds parts of it; one slow timer is enough to follow it.
    setInterval(() => {
        for (const root of document.querySelectorAll(".bootcamp-form[data-form]")) {
            const known = forms.get(root.dataset.prefix);
            if (known?.root === root) known.watch();
            else forms.set(root.dataset.prefix, new DrawnForm(root));
        }
    }, 400);
})();
