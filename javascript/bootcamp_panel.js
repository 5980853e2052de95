// The section in txt2img and img2img beyond its form (bootcamp_form.js): which presets are offered, a preview of the map
// at the picture's size, and an example to begin from; and the forms of the Script dropdown, which have the preview too.
// Below the pictures stands bootcamp_scan.js.
(function () {
    "use strict";

    const TABS = ["txt2img", "img2img"];
    const PAUSE_MS = 500;
    const SCRIPTS = [
        { name: "until_it_scans", title: "QR art until it scans" },
        { name: "compare_control", title: "Compare control" },
    ];
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

    /** Whether img2img has nothing to draw over, so that the WebUI's Generate would fail; a batch takes a folder's. */
    function isImg2imgEmpty() {
        const ways = [...gradioApp().querySelectorAll("#mode_img2img > div")].filter(each => each.offsetParent);
        const isGiven = way => way.querySelector("#img2img_batch_input_dir") || [...way.querySelectorAll("img")].some(each => each.naturalWidth);
        return ways.length > 0 && !ways.some(isGiven);
    }

    /** Type a number into one of the WebUI's own fields. */
    function setNumber(id, value) {
        const input = gradioApp().querySelector(`#${id} input[type=number]`);
        if (!input) return;
        input.value = value;
        input.dispatchEvent(new Event("input", { bubbles: true }));
        input.dispatchEvent(new Event("change", { bubbles: true }));
    }

    const sizeOf = id => Number(gradioApp().querySelector(`#${id} input[type=number]`)?.value || 512);

    const scriptList = tab => gradioApp().querySelector(`#tab_${tab} #script_list input`);
    const receiver = tab => gradioApp().querySelector(`#bootcamp_sent_settings_${tab}`);

    /** Choose in the WebUI's own dropdowns, which take a choice from the server alone (surfaces/webui/tab.py). */
    function chooseInWebUi(tab, choose) {
        if (receiver(tab)) window.bootcampSend(receiver(tab).id, JSON.stringify({ choose }));
    }

    function button(text, parent, press) {
        const made = element("button", { type: "button", text }, parent);
        made.addEventListener("click", press);
        return made;
    }

    const sentSizes = new Map();

    /** Settings of a map come from the Bootcamp tab, with its size. */
    function received(tab, { width, height }) {
        const [before, size] = [[sizeOf(`${tab}_width`), sizeOf(`${tab}_height`)].join(" x "), `${width} x ${height}`];
        if (width && height && size !== before) sentSizes.set(tab, size);
        else sentSizes.delete(tab);
    }

    const ADDRESS = /(https:\/\/(?:huggingface\.co|github\.com)\/[\w./-]*\w)/;

    /** A sentence in which the address of a model can be pressed. */
    function sentence(text, parent) {
        const place = element("p", {}, parent);
        for (const [at, each] of translated(text).split(ADDRESS).entries()) {
            if (at % 2) element("a", { href: each, target: "_blank", rel: "noopener noreferrer", text: each }, place);
            else place.append(each);
        }
    }

    class Panel {
        constructor(form) {
            this.form = form;
            this.tab = form.description.tab;
            this.nameEnds();
            this.place = element("div", { class: "bootcamp-panel", id: `${form.prefix}_preview` });
            form.more.before(this.place);
            this.image = element("img", { alt: "The control map of this picture", hidden: true }, this.place);
            const side = element("div", {}, this.place);
            this.notes = element("div", { role: "status", class: "bootcamp-panel-notes" }, side);
            this.missing = form.remember("missing presets", element("details", { class: "bootcamp-note", hidden: true }, side));
            this.aside = element("div", { class: "bootcamp-aside bootcamp-note", role: "status", hidden: true });
            form.root.prepend(this.aside);
            this.asideText = element("span", {}, this.aside);
            button("Use the section again", this.aside, () => chooseInWebUi(this.tab, { script: "None" }));
            const buttons = element("div", { class: "bootcamp-panel-buttons" }, side);
            this.larger = button("", buttons, () => this.enlarge());
            this.larger.hidden = true;
            if (form.description.example) button("Example: the course's exercise", buttons, () => this.example());
            this.part = form.part;
            form.listeners = [() => this.changed()];
            this.changed();
        }

        /** Say here that a script of ours leaves the section aside. */
        follow() {
            const title = scriptList(this.tab)?.value;
            const isAside = SCRIPTS.some(each => each.title === title) && isOn(this.tab);
            if (isAside) this.asideText.textContent = window.bootcampLanguage.filled("The script {1} is chosen: its own settings count, not these.", title);
            this.aside.hidden = !isAside;
        }

        /** What the two ends of the effect's slider mean. */
        nameEnds() {
            const { place, element: row } = this.form.controls.get("effect");
            place.classList.add("bootcamp-form-wide");
            const ends = element("div", { class: "bootcamp-panel-ends", "aria-hidden": "true" });
            for (const text of ["picture first", "map first"]) element("span", { text }, ends);
            row.append(ends); // in the slider's column, whatever stands beside it
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

        /** That the picture's size is one that settings were sent with. */
        get sentSize() {
            const size = this.size.join(" x ");
            return sentSizes.get(this.tab) === size ? window.bootcampLanguage.filled("Width and height were set to {1}, as they are in the Bootcamp tab.", size) : "";
        }

        get lacksPicture() {
            return this.tab === "img2img" && isImg2imgEmpty();
        }

        changed() {
            const { part } = this.form;
            const another = part !== this.part;
            this.part = part;
            if (another) this.suit();
            this.offer();
            // lights are dragged over the map that they make, at the picture's proportions
            for (const stage of this.form.root.querySelectorAll(".bootcamp-stage")) stage.dataset.picture = this.place.id;
            clearTimeout(this.timer);
            this.timer = setTimeout(() => this.ask(), PAUSE_MS);
        }

        /** Put back what another control was set to and this one cannot have. */
        suit() {
            const offered = this.form.description.controls[this.part];
            if (!offered) return;
            const keyed = {};
            if (!offered.guided && ["guidance", "both"].includes(this.form.value("apply_by"))) keyed.apply_by = null;
            if (!offered.fitting.includes(this.form.value("preset") ?? "automatic")) keyed.preset = null;
            if (Object.keys(keyed).length) this.form.fill(keyed);
        }

        offer() {
            const offered = this.form.description.controls[this.form.part];
            this.place.hidden = !offered;
            const presets = this.form.controls.get("preset");
            if (presets && offered) {
                for (const each of presets.input.options) each.hidden = each.disabled = !offered.presets.includes(each.value) && each.value !== presets.input.value;
            }
            this.missing.hidden = !offered?.missing?.length;
            this.missing.replaceChildren();
            const lacking = offered?.ready ? "More presets need models that are not installed" : "No preset's model is installed";
            element("summary", { text: offered?.unfit ? "No ControlNet here fits this checkpoint" : lacking }, this.missing);
            for (const line of offered?.missing ?? []) sentence(line, this.missing);
        }

        async ask() {
            const question = this.question;
            const asked = JSON.stringify([question, this.lacksPicture]);
            if (asked === this.asked || this.place.offsetParent === null) return;
            this.asked = asked;
            try {
                const answer = await post("preview", question);
                if (asked === this.asked) this.show(answer);
            } catch (error) {
                if (asked === this.asked) this.note([error.message], "wrong");
            }
        }

        show(answer) {
            this.image.hidden = !answer.image;
            if (answer.image) this.image.src = `data:image/png;base64,${answer.image}`;
            const advice = this.form.description.advice?.[this.form.value("preset")];
            this.exampleAs ??= this.asked; // the example's notes go with the first change
            if (this.exampleAs !== this.asked) this.exercise = this.exampleSet = "";
            const missing = this.form.part === "qr" && this.form.value("apply_by") === "guidance" && this.exercise;
            const first = this.lacksPicture && "img2img holds no picture yet: put one there first.";
            const notes = [first, missing, ...answer.notes, advice, this.sentSize, this.exampleSet].filter(Boolean);
            this.note(notes, answer.waits || (first && answer.fits) ? "waits" : answer.fits && !missing && !first ? "" : "wrong");
            this.side = answer.side;
            this.larger.hidden = !answer.side;
            if (answer.side) this.larger.textContent = translated(`Make the picture larger: ${answer.side} px`);
        }

        /** Show sentences: all is well, something is `wrong`, or it `waits` for what is not given yet. */
        note(notes, state) {
            this.notes.replaceChildren();
            for (const each of ["wrong", "waits"]) this.notes.classList.toggle(`bootcamp-panel-${each}`, each === state);
            for (const each of notes) sentence(each, this.notes);
        }

        enlarge() {
            const [width, height] = this.size;
            setNumber(`${this.tab}_width`, Math.max(width, this.side));
            setNumber(`${this.tab}_height`, Math.max(height, this.side));
            this.changed();
        }

        /** The course's exercise; by guidance where its model is not there. */
        example() {
            const { missing, set } = this.form.description.example;
            this.exampled = true;
            this.exercise = missing; // what to download for the exercise itself
            this.exampleSet = "The exercise set the size, steps, CFG scale, sampler and schedule too.";
            const content = this.form.given["qr.content"] || "https://example.com";
            const how = !missing ? { preset: "course", apply_by: null } : { preset: null, apply_by: "guidance" };
            this.form.fill({ control: "qr", effect: null, weight: null, guidance_start: null, guidance_end: null, ...how, "qr.content": content });
            const { choose, ...values } = set;
            if (this.tab === "txt2img") delete values.denoising_strength; // it is hires fix's there
            for (const [name, value] of Object.entries(values)) setNumber(`${this.tab}_${name}`, value);
            chooseInWebUi(this.tab, choose);
            const box = gradioApp().querySelector(`#bootcamp_${this.tab}-checkbox input`);
            if (box && !box.checked) box.click();
            this.asked = this.exampleAs = null; // the note of what is missing is shown anew
            this.changed();
        }
    }

    const isOn = tab => Boolean(gradioApp().querySelector(`#bootcamp_${tab}-checkbox input`)?.checked);

    /** As the section's, for a form that has neither the effect's slider nor parts. */
    class ScriptPanel extends Panel {
        nameEnds() {}

        offer() {}

        /** Its note is about the section, where that is on. */
        follow() {
            const note = this.form.root.parentElement.querySelector(":scope > .bootcamp-note");
            if (note) note.hidden = !isOn(this.tab);
        }

        get question() {
            return { ...super.question, script: this.form.description.script };
        }
    }

    const panels = new Set();
    function follow(form, panel) {
        panels.forEach(each => each.form === form && panels.delete(each));
        panels.add(panel);
    }
    window.bootcampForms.extend("panel-", form => follow(form, new Panel(form)));
    for (const { name } of SCRIPTS) {
        window.bootcampForms.extend(`${name}-`, form => follow(form, new ScriptPanel(form)));
    }
    // A section that is ticked and holds nothing yet is opened: what it would do is chosen there.
    document.addEventListener("click", event => {
        const tab = TABS.find(each => event.target.id === `bootcamp_${each}-visible-checkbox`);
        if (!tab || !event.target.checked || window.bootcampForms.get(`bootcamp_${tab}`)?.box("values")?.value) return;
        const head = gradioApp().querySelector(`#bootcamp_${tab} .label-wrap`);
        setTimeout(() => head && !head.classList.contains("open") && head.click());
    }, true);

    // the picture's size and the script may be set by anything
    setInterval(() => panels.forEach(each => {
        if (!each.place.isConnected) return;
        each.follow();
        each.ask();
    }), 1500);

    // Another checkpoint may have another base: ask again which presets fit. Forge has its field alone, and tells no options.
    let checkpoint = null;
    function followCheckpoint() {
        const field = gradioApp().querySelector("#setting_sd_model_checkpoint input");
        if (field && field === document.activeElement) return; // a name is looked for
        const chosen = `${opts.sd_model_checkpoint}\n${field?.value}`;
        if (checkpoint !== null && checkpoint !== chosen) {
            for (const tab of TABS) window.bootcampForms.get(`bootcamp_${tab}`)?.reload();
        }
        checkpoint = chosen;
    }
    onOptionsChanged(followCheckpoint);
    setInterval(followCheckpoint, 1500);

    window.bootcampPanel = { SCRIPTS, post, setNumber, button, receiver, scriptList, chooseInWebUi, received };
})();
