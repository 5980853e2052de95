// Controls of a form that is drawn in the browser, one for each kind of field. Each has an element and `show(value,
// fallback)`, and calls `changed(value)` with null where it is left to the default.
(function () {
    "use strict";

    const WORDS = ["title", "placeholder", "alt", "aria-label"];

    const exact = text => window.bootcampLanguage.exact(text); // which is loaded later, by its name
    const translated = text => window.bootcampLanguage.translated(text);

    function element(name, attributes, parent) {
        const made = document.createElement(name);
        for (const [key, value] of Object.entries(attributes || {})) {
            if (value === undefined || value === null || value === false) continue;
            if (key === "text") made.textContent = exact(value);
            else made.setAttribute(key, value === true ? "" : WORDS.includes(key) ? exact(value) : value);
        }
        if (parent) parent.appendChild(made);
        return made;
    }

    function checkbox(field, id, changed) {
        const input = element("input", { type: "checkbox", id });
        input.addEventListener("change", () => changed(input.checked));
        return { element: input, input, show: value => { input.checked = Boolean(value); } };
    }

    function select(field, id, changed) {
        const input = element("select", { id });
        for (const [value, title] of field.choices) element("option", { value, text: title }, input);
        input.addEventListener("change", () => changed(input.value === "" && field.optional ? null : input.value));
        return {
            element: input,
            input,
            show(value) {
                const wanted = value ?? "";
                // what is not offered here (now) is a choice all the same: it came from a picture, or a settings file
                if (![...input.options].some(each => each.value === wanted)) {
                    element("option", { value: wanted, text: String(wanted) }, input);
                    if (input.closest(".bootcamp-form-fields")) fitChoices(input.closest(".bootcamp-form-fields"));
                }
                input.value = wanted;
            },
        };
    }

    /** Give each choice of a form's part whose longest title is cut in its column the whole row. */
    function fitChoices(part) {
        const column = parseFloat(getComputedStyle(part).gridTemplateColumns); // none while it is not shown
        for (const input of column ? part.querySelectorAll(":scope > .bootcamp-form-choice > select") : []) {
            input.style.width = "max-content";
            input.parentElement.classList.toggle("bootcamp-form-wide", input.offsetWidth > column);
            input.style.width = "";
        }
    }

    const parts = new ResizeObserver(entries => entries.forEach(each => fitChoices(each.target)));

    function choices(field, id, changed) {
        const group = element("div", { id, role: "group", class: "bootcamp-form-choices" });
        const boxes = field.choices.map(([value, title]) => {
            const label = element("label", {}, group);
            const input = element("input", { type: "checkbox", value }, label);
            element("span", { text: title }, label);
            input.addEventListener("change", () => changed(boxes.filter(each => each.checked).map(each => each.value)));
            return input;
        });
        return {
            element: group,
            input: group,
            show: value => boxes.forEach(each => { each.checked = (value || []).includes(each.value); }),
        };
    }

    function number(field, id, changed) {
        const [min, max] = [field.min, field.max];
        const step = field.kind === "integer" ? field.step || 1 : "any";
        const input = element("input", { type: "number", id, min, max, step });
        const ranged = !field.optional && min !== undefined && max !== undefined;
        const range = ranged ? element("input", { type: "range", min, max, step: field.step, "aria-label": field.label }) : null;
        const row = element("div", { class: "bootcamp-form-row" });
        if (range) row.append(range);
        row.append(input);
        input.addEventListener("input", () => {
            if (input.validity.badInput) return changed("not a number"); // the browser does not tell what is typed
            const value = input.value === "" ? null : Number(input.value);
            if (range && value !== null) range.value = value;
            return changed(value);
        });
        if (range) {
            range.addEventListener("input", () => {
                input.value = range.value;
                changed(Number(range.value));
            });
        }
        return {
            element: row,
            input,
            show(value, fallback) {
                input.value = field.optional && value === fallback ? "" : value ?? "";
                input.placeholder = fallback ?? exact("automatic");
                if (range) range.value = value;
            },
        };
    }

    /** A text that can be chosen among those that are known here, or typed. */
    function suggested(field, id, changed) {
        const row = element("div", { class: "bootcamp-form-suggested" });
        const empty = field.choices.find(([value]) => value === "");
        const input = element("input", {
            type: "text", id, list: `${id}_list`, autocomplete: "off", maxlength: field.maxLength, placeholder: empty?.[1],
        }, row);
        const list = element("datalist", { id: `${id}_list` }, row);
        for (const [value, title] of field.choices) if (value) element("option", { value, text: title === value ? undefined : title }, list);
        input.addEventListener("input", () => changed(input.value));
        return { element: row, input, show: value => { input.value = value ?? ""; } };
    }

    function text(field, id, changed) {
        if ((field.choices || []).length) return suggested(field, id, changed);
        const types = { color: "color", secret: "password" };
        const lines = field.format === "multiline" ? 3 : field.front && !field.format ? 2 : 0;
        const common = { id, placeholder: field.placeholder, maxlength: field.maxLength };
        const input = lines
            ? element("textarea", { ...common, rows: lines })
            : element("input", { ...common, type: types[field.format] || "text", autocomplete: "off" });
        input.addEventListener("input", () => changed(input.value));
        return { element: input, input, show: value => { input.value = value ?? ""; } };
    }

    /** Numbers with commas between them; what is typed and is none, as it is. */
    function numbers(field, id, changed) {
        const input = element("input", { type: "text", id, inputmode: "decimal", autocomplete: "off" });
        input.addEventListener("input", () => {
            const given = input.value.split(/[\s,;]+/).filter(Boolean).map(Number);
            return given.every(Number.isFinite) ? changed(given.length ? given : null) : changed(input.value);
        });
        return { element: input, input, show: value => { input.value = Array.isArray(value) ? value.join(", ") : value ?? ""; } };
    }

    /** Texts, one a line; or JSON; what is typed and is none, as it is. */
    function lines(field, id, changed) {
        const input = element("textarea", { id, rows: 3, placeholder: field.placeholder });
        input.addEventListener("input", () => {
            const raw = input.value.trim();
            if (!raw) return changed(null);
            if (field.kind === "list" && !raw.startsWith("[")) return changed(raw.split("\n").map(each => each.trim()).filter(Boolean));
            try {
                return changed(JSON.parse(raw));
            } catch {
                return changed(raw);
            }
        });
        const written = value => (typeof value === "string" ? value : Array.isArray(value) && value.every(each => typeof each === "string") ? value.join("\n") : JSON.stringify(value));
        return { element: input, input, show: value => { input.value = value && Object.keys(value).length ? written(value) : ""; } };
    }

    /** Lights, dragged on the stage of bootcamp_stage.js, which reads and writes a hidden text. */
    function objects(field, id, changed) {
        const root = element("div", {});
        const box = element("div", { id: `${id}_box`, hidden: true }, root);
        const area = element("textarea", { "aria-hidden": "true", tabindex: -1 }, box);
        element("div", { id, class: "bootcamp-stage", "data-schema": JSON.stringify(field.items), "data-lights": `${id}_box`, "data-run": "", "data-picture": "" }, root);
        area.addEventListener("input", () => changed(JSON.parse(area.value || "[]")));
        return { element: root, input: root, show: value => { area.value = JSON.stringify(value || []); } };
    }

    function picture(field, id, changed, fail) {
        const root = element("div", { class: "bootcamp-form-picture" });
        const input = element("input", { type: "file", id, accept: "image/*" }, root);
        const shown = element("img", { alt: field.label, hidden: true }, root);
        const remove = element("button", { type: "button", text: "Remove", hidden: true }, root);
        const take = file => {
            if (!file) return;
            const reader = new FileReader();
            reader.onload = () => changed(reader.result);
            reader.onerror = () => {
                changed(null);
                fail("This file cannot be read.");
            };
            reader.readAsDataURL(file);
        };
        input.addEventListener("change", () => take(input.files[0]));
        root.addEventListener("dragover", event => event.preventDefault());
        root.addEventListener("drop", event => {
            event.preventDefault();
            take(event.dataTransfer.files[0]);
        });
        remove.addEventListener("click", () => {
            input.value = "";
            changed(null);
            input.focus();
        });
        return {
            element: root,
            input,
            show(value) {
                shown.hidden = remove.hidden = !value;
                if (value) shown.src = value.startsWith("data:") ? value : `data:image/png;base64,${value}`;
                else input.value = "";
            },
        };
    }

    const UNREADABLE = {
        integer: "Give a whole number.", number: "This is not a number.", numbers: "These are not numbers.",
        list: "This is not JSON.", mapping: "This is not JSON.", object: "This is not JSON.",
    };

    /** What is wrong with a value, which is what was typed where that could not be read; empty where nothing is. */
    function problem(field, value) {
        // a text where none belongs is what was typed and could not be read: the server refuses it too
        if (typeof value === "string" && field.kind in UNREADABLE) return UNREADABLE[field.kind];
        if (typeof value === "number") {
            if (value < field.min || value > field.max) return `Give a number from ${field.min} to ${field.max}.`;
            if (field.kind === "integer" && !Number.isInteger(value)) return "Give a whole number.";
        }
        if (field.pattern && value && typeof value === "string" && !new RegExp(`^(?:${field.pattern})$`).test(value)) {
            return field.placeholder ? `Write it like ${field.placeholder}.` : "This is not in the expected form.";
        }
        return "";
    }

    /** Notices when a script sets the text; the browser reports typing alone. */
    function follow(box, changed) {
        const own = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(box), "value");
        Object.defineProperty(box, "value", {
            configurable: true,
            get: () => own.get.call(box),
            set(text) {
                own.set.call(box, text);
                changed();
            },
        });
        box.addEventListener("input", changed);
    }

    const KINDS = {
        boolean: checkbox, choice: select, choices, integer: number, number, string: text, image: picture, file: picture,
        numbers, objects, list: lines, mapping: lines, object: lines,
    };

    window.bootcampControls = {
        element,
        translated,
        follow,
        problem,
        /** Keep the choices of a form's part as wide as their titles, whenever it is shown or its width changes. */
        fit(part) {
            parts.unobserve(part); // so that it is measured with what it holds now
            parts.observe(part);
        },
        /** The control of a field; `fail` gets what is wrong with what is typed. */
        make: (field, id, changed, fail) => KINDS[field.kind](field, id, changed, fail),
    };
})();
