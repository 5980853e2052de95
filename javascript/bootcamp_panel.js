// The section in txt2img and img2img beyond its form (bootcamp_form.js): which presets are offered, a preview of the map
// at the picture's size, an example to begin from, and below the pictures what their scan means and what to do next.
(function () {
    "use strict";

    const TABS = ["txt2img", "img2img"];
    const PAUSE_MS = 500;
    const STEP = 0.2;
    const TRIES = 10;
    const element = (...all) => window.bootcampControls.element(...all);
    const translated = text => window.bootcampControls.translated(text);

    async function post(path, body) {
        const answer = await fetch(window.bootcampForms.address(`bootcamp/v1/panel/${path}`), {
            method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
        });
        const read = await answer.json();
        if (!answer.ok) throw new Error(read.detail);
        return read;
    }

    /** Type a number into one of the WebUI's own fields. */
    function setNumber(id, value) {
        const input = gradioApp().querySelector(`#${id} input[type=number]`);
        if (!input) return;
        input.value = value;
        input.dispatchEvent(new Event("input", { bubbles: true }));
        input.dispatchEvent(new Event("change", { bubbles: true }));
    }

    const sizeOf = id => Number(gradioApp().querySelector(`#${id} input[type=number]`)?.value) || 512;

    function button(text, parent, press) {
        const made = element("button", { type: "button", text }, parent);
        made.addEventListener("click", press);
        return made;
    }

    class Panel {
        constructor(form) {
            this.form = form;
            this.tab = form.description.tab;
            this.nameEnds();
            this.place = element("div", { class: "bootcamp-panel" });
            form.more.before(this.place);
            this.image = element("img", { alt: translated("The control map of this picture"), hidden: true }, this.place);
            const side = element("div", {}, this.place);
            this.notes = element("div", { role: "status", class: "bootcamp-panel-notes" }, side);
            this.missing = element("details", { class: "bootcamp-note" }, side);
            const buttons = element("div", { class: "bootcamp-panel-buttons" }, side);
            this.larger = button("", buttons, () => this.enlarge());
            this.larger.hidden = true;
            button("Example: the course's exercise", buttons, () => this.example());
            form.listeners = [() => this.changed()];
            this.changed();
        }

        /** What the two ends of the effect's slider mean. */
        nameEnds() {
            const { place, element: row } = this.form.controls.get("effect");
            place.classList.add("bootcamp-form-wide");
            const ends = element("div", { class: "bootcamp-panel-ends", "aria-hidden": "true" });
            for (const text of ["picture first", "map first"]) element("span", { text }, ends);
            row.after(ends);
        }

        get size() {
            return ["width", "height"].map(name => sizeOf(`${this.tab}_${name}`));
        }

        /** What the server is shown: nothing is asked while it is as it was. */
        get question() {
            const [width, height] = this.size;
            const [values, unsaved] = ["values", "unsaved"].map(name => this.form.box(name)?.value ?? "");
            return { values, unsaved, width, height, img2img: this.tab === "img2img" };
        }

        changed() {
            this.offer();
            clearTimeout(this.timer);
            this.timer = setTimeout(() => this.ask(), PAUSE_MS);
        }

        offer() {
            const offered = this.form.description.controls[this.form.part];
            const presets = this.form.controls.get("preset");
            if (presets && offered) {
                for (const each of presets.input.options) each.hidden = each.disabled = !offered.presets.includes(each.value) && each.value !== presets.input.value;
            }
            this.missing.hidden = !offered?.missing?.length;
            this.missing.replaceChildren();
            element("summary", { text: offered?.ready ? "More presets need models that are not installed" : "No preset's model is installed" }, this.missing);
            for (const line of offered?.missing ?? []) element("p", { text: line }, this.missing);
        }

        async ask() {
            const question = this.question;
            const asked = JSON.stringify(question);
            if (asked === this.asked || this.place.offsetParent === null) return;
            this.asked = asked;
            try {
                const answer = await post("preview", question);
                if (asked === this.asked) this.show(answer);
            } catch (error) {
                if (asked === this.asked) this.note([error.message], false);
            }
        }

        show(answer) {
            this.image.hidden = !answer.image;
            if (answer.image) this.image.src = `data:image/png;base64,${answer.image}`;
            const offered = this.form.description.controls[this.form.part];
            const advice = this.form.description.advice?.[this.form.value("preset")];
            this.note([...answer.notes, offered?.note, advice].filter(Boolean), answer.fits);
            this.side = answer.side;
            this.larger.hidden = !answer.side;
            if (answer.side) this.larger.textContent = `${translated("Make the picture larger")}: ${answer.side} px`;
        }

        note(notes, fits) {
            this.notes.replaceChildren();
            this.notes.classList.toggle("bootcamp-panel-wrong", !fits);
            for (const each of notes) element("p", { text: each }, this.notes);
        }

        enlarge() {
            const [width, height] = this.size;
            setNumber(`${this.tab}_width`, Math.max(width, this.side));
            setNumber(`${this.tab}_height`, Math.max(height, this.side));
            this.changed();
        }

        /** The course's exercise; by guidance where its model is not there. */
        example() {
            const ready = this.form.description.controls.qr?.presets.includes("course");
            const content = this.form.given["qr.content"] || "https://example.com";
            const how = ready ? { preset: "course", apply_by: null } : { preset: null, apply_by: "guidance" };
            this.form.fill({ control: "qr", effect: null, weight: null, guidance_start: null, guidance_end: null, ...how, "qr.content": content });
            const values = { width: 512, height: 512, steps: 50, cfg_scale: 7 };
            if (this.tab === "img2img") values.denoising_strength = 0.75;
            for (const [name, value] of Object.entries(values)) setNumber(`${this.tab}_${name}`, value);
            const box = gradioApp().querySelector(`#bootcamp_${this.tab}-checkbox input`);
            if (box && !box.checked) box.click();
            this.missing.open = !ready; // what to download for the exercise's own model
            this.changed();
        }
    }

    const panels = new Set();
    window.bootcampForms.extend("panel-", form => {
        panels.forEach(each => each.form === form && panels.delete(each));
        panels.add(new Panel(form));
    });
    // the picture's size may be set by anything
    setInterval(() => panels.forEach(each => each.place.isConnected && each.ask()), 1500);

    // Another checkpoint may have another base: ask again which presets fit.
    let checkpoint = null;
    onOptionsChanged(() => {
        if (checkpoint !== null && checkpoint !== opts.sd_model_checkpoint) {
            for (const tab of TABS) window.bootcampForms.get(`bootcamp_${tab}`)?.reload();
        }
        checkpoint = opts.sd_model_checkpoint;
    });

    const SCAN = /Bootcamp scan: "?(\d\.\d\d) \(([^)]*)\)(?:, (\d+) of (\d+) conditions)?(?:, touched up by (\d+))?/;

    /** What a scan means; `text` is the infotext's. */
    function meaning(text) {
        const [, score, readers, passed, tried, levels] = SCAN.exec(text);
        const scans = Number(score) > 0;
        const touched = levels ? `, ${translated("touched up by")} ${levels} ${translated("gray levels")}` : "";
        if (!scans) return { scans, words: translated("Does not scan: no reader reads its code.") };
        const how = tried
            ? `${translated("read under")} ${passed} ${translated("of")} ${tried} ${translated("phone conditions")}`
            : `${translated("read by")} ${readers}`;
        return { scans, weak: tried && passed < tried / 2, words: `${translated("Scans")}: ${how}${touched}.` };
    }

    function generate(tab, keyed, { seed, count }) {
        window.bootcampForms.fill(`bootcamp_${tab}`, keyed);
        setNumber(`${tab}_seed`, seed);
        if (count) setNumber(`${tab}_batch_count`, count);
        // Gradio takes values over a moment later
        setTimeout(() => gradioApp().querySelector(`#${tab}_generate`)?.click(), 150);
    }

    function nextSteps(tab, info, found, badge) {
        const value = (name, otherwise) => Number(new RegExp(`[&:]\\s?${name}=([\\d.]+)`).exec(info)?.[1] ?? otherwise);
        const seed = Number(/Seed: (\d+)/.exec(info)?.[1] ?? -1);
        const effect = value("effect", 0.5);
        if (!found.scans || found.weak) {
            if (effect < 1) button("More contrast", badge, () => generate(tab, { effect: Math.min(1, Math.round((effect + STEP) * 100) / 100) }, { seed }));
        }
        if (!found.scans) {
            if (value("touch_up", 192) < 192) button("Touch up", badge, () => generate(tab, { touch_up: null }, { seed }));
            button("Try again until it scans", badge, () => generate(tab, { stop_at_first: true }, { seed: -1, count: TRIES }));
        }
    }

    async function score(tab, badge, press) {
        press.disabled = true;
        press.textContent = translated("Scanning …");
        const image = gradioApp().querySelector(`#${tab}_gallery .preview img, #${tab}_gallery img`);
        try {
            const blob = await (await fetch(image.src)).blob();
            const uri = await new Promise(resolve => {
                const reader = new FileReader();
                reader.onload = () => resolve(reader.result);
                reader.readAsDataURL(blob);
            });
            const answer = await post("scan", { image: uri, depth: "full" });
            badge.querySelector("span").textContent = meaning(`Bootcamp scan: ${answer.text}`).words;
            press.remove();
        } catch (error) {
            press.textContent = error.message;
        }
    }

    // The scan's result, which is part of the infotext below the gallery, above that text.
    onAfterUiUpdate(() => {
        for (const tab of TABS) {
            const info = gradioApp().querySelector(`#html_info_${tab}`);
            if (!info) continue;
            const old = info.querySelector(".bootcamp-scan-badge");
            const text = [...info.childNodes].filter(each => each !== old).map(each => each.textContent).join(" ");
            const found = SCAN.exec(text);
            if (old && found && old.dataset.text === text) continue;
            old?.remove();
            if (!found) continue;
            const what = meaning(text);
            const badge = element("div", { class: `bootcamp-scan-badge ${what.scans ? "bootcamp-done" : "bootcamp-no"}`, "data-text": text });
            element("span", { role: "status", text: what.words }, badge);
            nextSteps(tab, text, what, badge);
            if (!found[4]) button("Full score", badge, event => score(tab, badge, event.currentTarget));
            info.prepend(badge);
        }
    });
})();
