// The light designer, in the standalone page and in the WebUI: a stage on which the lights of the `lights` field are
// dragged. Its controls are drawn from the declaration of a light (JSON Schema in data-schema), so that no list of
// parameters stands here.
(function () {
    "use strict";

    const SVG = "http://www.w3.org/2000/svg";
    const SHORT = 400;
    const ARROW = SHORT * 0.4;
    const TALLEST = 480;
    const WORDS = ["text", "title", "aria-label"];

    const language = window.bootcampLanguage; // beside the WebUI's own fields; the tab is translated as a whole
    const exact = text => language?.exact(text) ?? text;
    const translated = text => language?.translated(text) ?? text;

    function element(name, attributes, parent, namespace) {
        const made = namespace ? document.createElementNS(namespace, name) : document.createElement(name);
        for (const [key, value] of Object.entries(attributes || {})) {
            const shown = WORDS.includes(key) ? exact(value) : value;
            if (key === "text") made.textContent = shown;
            else made.setAttribute(key, shown);
        }
        if (parent) parent.appendChild(made);
        return made;
    }

    function clamp(value, schema) {
        const low = schema.minimum ?? -Infinity;
        const high = schema.maximum ?? Infinity;
        return Math.min(high, Math.max(low, value));
    }

    class Stage {
        constructor(root) {
            this.root = root;
            this.schema = JSON.parse(root.dataset.schema);
            this.fields = this.schema.properties;
            this.selected = -1;
            this.timer = 0;
            this.width = this.height = SHORT;
            this.build();
            this.read();
            this.followPicture();
        }

        get textarea() {
            return document.querySelector(`#${this.root.dataset.lights} textarea`);
        }

        build() {
            this.bar = element("div", { class: "bootcamp-stage-bar" }, null);
            const title = this.fields.kind.title || "Kind";
            for (const kind of this.fields.kind.enum) {
                const button = element("button", { type: "button", text: `+ ${kind}`, title: `${title}: ${kind}` }, this.bar);
                button.addEventListener("click", () => this.add(kind));
            }
            this.view = element("div", { class: "bootcamp-stage-view" }, null);
            this.picture = element("img", { alt: "", draggable: "false" }, this.view);
            this.svg = element("svg", { preserveAspectRatio: "none" }, this.view, SVG);
            this.fit(1);
            this.panel = element("div", { class: "bootcamp-stage-panel" }, null);
            this.fold(document.getElementById(this.root.dataset.lights));
            this.root.prepend(this.bar, this.view);
            this.root.append(this.panel);
            this.svg.addEventListener("pointermove", (event) => this.drag(event));
            for (const name of ["pointerup", "pointercancel"]) this.svg.addEventListener(name, () => this.drop());
        }

        /** The text that it writes, where that is a field to see, is shown when it is asked for. */
        fold(field) {
            if (!field?.classList.contains("block")) return;
            field.classList.add("bootcamp-stage-folded");
            const button = element("button", { type: "button", text: "As JSON", "aria-expanded": "false" }, this.bar);
            button.setAttribute("aria-controls", field.id);
            button.addEventListener("click", () => button.setAttribute("aria-expanded", String(!field.classList.toggle("bootcamp-stage-folded"))));
        }

        fit(ratio) {
            this.width = ratio > 1 ? SHORT * ratio : SHORT;
            this.height = ratio > 1 ? SHORT : SHORT / ratio;
            this.svg.setAttribute("viewBox", `0 0 ${this.width} ${this.height}`);
            this.view.style.aspectRatio = `${ratio}`;
            this.view.style.maxWidth = `${TALLEST * ratio}px`;
            if (this.lights) this.draw();
        }

        read() {
            const text = this.textarea?.value ?? "";
            if (text === this.lastText) return;
            this.lastText = text;
            try {
                const parsed = JSON.parse(text || "[]");
                this.lights = Array.isArray(parsed) ? parsed : [];
            } catch {
                this.lights = [];
            }
            if (this.selected >= this.lights.length) this.selected = -1;
            this.draw();
        }

        write(run) {
            const area = this.textarea;
            if (!area) return;
            area.value = JSON.stringify(this.lights);
            this.lastText = area.value;
            area.dispatchEvent(new Event("input", { bubbles: true }));
            if (!run) return;
            clearTimeout(this.timer);
            this.timer = setTimeout(() => document.getElementById(this.root.dataset.run)?.click(), 350);
        }

        value(light, name) {
            return light[name] ?? this.fields[name].default;
        }

        shown(light, name) {
            const when = this.fields[name]["x-when"] || {};
            return Object.entries(when).every(([other, allowed]) => allowed.includes(this.value(light, other)));
        }

        place(light) {
            const [middleX, middleY] = [this.width / 2, this.height / 2];
            if (this.shown(light, "x")) return [this.value(light, "x") * this.width, this.value(light, "y") * this.height, false];
            if (!this.shown(light, "azimuth")) return [middleX, middleY, false];
            const azimuth = (this.value(light, "azimuth") * Math.PI) / 180;
            const flat = Math.cos((this.value(light, "elevation") * Math.PI) / 180);
            return [middleX + ARROW * flat * Math.cos(azimuth), middleY - ARROW * flat * Math.sin(azimuth), true];
        }

        move(light, x, y) {
            const rounded = (number, digits) => Number(number.toFixed(digits));
            if (this.shown(light, "x")) {
                light.x = rounded(clamp(x / this.width, this.fields.x), 3);
                light.y = rounded(clamp(y / this.height, this.fields.y), 3);
            } else if (this.shown(light, "azimuth")) {
                const [dx, dy] = [x - this.width / 2, this.height / 2 - y];
                const flat = Math.min(1, Math.hypot(dx, dy) / ARROW);
                const degrees = (Math.atan2(dy, dx) * 180) / Math.PI;
                light.azimuth = rounded(clamp((degrees + 360) % 360, this.fields.azimuth), 1);
                light.elevation = rounded(clamp((Math.acos(flat) * 180) / Math.PI, this.fields.elevation), 1);
            }
        }

        /** Draw all anew; who is in it with the keyboard stays where they were. */
        draw(name = this.root.contains(document.activeElement) && document.activeElement.dataset.name) {
            this.drawLights();
            this.drawPanel();
            if (name) this.focus(name);
        }

        drawLights() {
            this.svg.replaceChildren();
            this.view.classList.toggle("bootcamp-stage-lit", !this.lights.length); // by the one that shines then
            this.lights.forEach((light, index) => this.drawLight(light, index));
        }

        focus(name) {
            this.root.querySelector(`[data-name="${name}"]`)?.focus({ preventScroll: true });
        }

        drawLight(light, index) {
            const [x, y, arrow] = this.place(light);
            const inside = [Math.min(this.width - 8, Math.max(8, x)), Math.min(this.height - 8, Math.max(8, y))];
            const group = element("g", { class: index === this.selected ? "selected" : "" }, this.svg, SVG);
            if (arrow) {
                element("line", { x1: inside[0], y1: inside[1], x2: this.width / 2, y2: this.height / 2 }, group, SVG);
            }
            const name = translated(`${this.value(light, "kind")} ${index + 1}`);
            const handle = { cx: inside[0], cy: inside[1], r: 9, fill: this.value(light, "color"), tabindex: 0, "data-name": `light ${index}` };
            const circle = element("circle", { ...handle, role: "button", "aria-label": name }, group, SVG);
            element("title", { text: name }, group, SVG);
            element("text", { x: inside[0], y: inside[1], "aria-hidden": "true", text: index + 1 }, group, SVG);
            circle.addEventListener("pointerdown", (event) => {
                event.preventDefault();
                this.selected = index;
                this.dragging = true;
                this.svg.setPointerCapture(event.pointerId);
                this.draw(`light ${index}`);
            });
            circle.addEventListener("focus", () => {
                if (this.selected === index) return;
                this.selected = index;
                this.draw();
            });
            circle.addEventListener("keydown", (event) => this.key(event, index));
        }

        key(event, index) {
            const steps = { ArrowLeft: [-4, 0], ArrowRight: [4, 0], ArrowUp: [0, -4], ArrowDown: [0, 4] };
            if (event.key === "Delete") {
                this.remove(index);
            } else if (steps[event.key]) {
                const [x, y] = this.place(this.lights[index]);
                this.move(this.lights[index], x + steps[event.key][0], y + steps[event.key][1]);
                this.draw();
                this.write(true);
            } else return;
            event.preventDefault();
        }

        drag(event) {
            if (!this.dragging) return;
            const box = this.svg.getBoundingClientRect();
            const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
            this.move(this.lights[this.selected], x * this.width, y * this.height);
            this.draw();
        }

        drop() {
            if (!this.dragging) return;
            this.dragging = false;
            this.write(true);
        }

        add(kind) {
            const limit = this.lights.length;
            this.lights.push({ kind, x: 0.3 + 0.1 * (limit % 5), y: 0.3 });
            const light = this.lights[limit];
            if (!this.shown(light, "x")) {
                delete light.x;
                delete light.y;
            }
            if (this.shown(light, "elevation")) light.elevation = this.shown(light, "x") ? 70 : 45;
            this.selected = limit;
            this.draw();
            this.write(true);
        }

        remove(index) {
            this.lights.splice(index, 1);
            this.selected = -1;
            this.draw();
            this.write(true);
            if (this.lights.length) this.focus(`light ${Math.min(index, this.lights.length - 1)}`);
            else this.bar.firstChild.focus();
        }

        /** What the panel has controls for. */
        get controlled() {
            const light = this.lights[this.selected];
            return Object.keys(this.fields).filter(name => light && this.shown(light, name)).join();
        }

        drawPanel() {
            this.panel.replaceChildren();
            const light = this.lights[this.selected];
            if (!light) return;
            for (const [name, schema] of Object.entries(this.fields)) {
                if (this.shown(light, name)) this.drawControl(light, name, schema);
            }
            const button = element("button", { type: "button", text: "Remove this light", "data-name": "remove" }, this.panel);
            button.addEventListener("click", () => this.remove(this.selected));
        }

        drawControl(light, name, schema) {
            const label = element("label", { title: schema.description || "" }, this.panel);
            element("span", { text: schema.title }, label);
            let input;
            if (schema.enum) {
                input = element("select", { "data-name": name }, label);
                for (const choice of schema.enum) element("option", { value: choice, text: choice.replace("_", " ") }, input);
            } else if (schema.type === "number") {
                const bounds = { min: schema.minimum, max: schema.maximum, step: "any", "data-name": name };
                input = element("input", { type: "number", ...bounds }, label);
            } else {
                input = element("input", { type: "color", "data-name": name }, label);
            }
            input.value = this.value(light, name);
            input.addEventListener("change", () => {
                const [number, before] = [Number(input.value), this.controlled];
                light[name] = schema.type === "number" ? clamp(Number.isFinite(number) ? number : schema.default, schema) : input.value;
                // with Tab the next control has the focus in a moment: it is left where it is
                if (this.controlled === before) this.drawLights();
                else this.draw();
                input.value = this.value(light, name);
                this.write(true);
            });
        }

        followPicture() {
            const source = document.getElementById(this.root.dataset.picture)?.querySelector("img")?.src;
            if (source && source !== this.source) {
                this.source = source;
                this.picture.onload = () => this.fit(this.picture.naturalWidth / this.picture.naturalHeight);
                this.picture.src = source;
            }
        }
    }

    const stages = new Map();

    // Gradio builds its page late and rebuilds parts of it; one slow timer is enough to follow it.
    setInterval(() => {
        for (const root of document.querySelectorAll(".bootcamp-stage")) {
            if (!stages.has(root)) stages.set(root, new Stage(root));
        }
        for (const [root, stage] of stages) {
            if (!root.isConnected) {
                stages.delete(root);
            } else if (root.offsetParent !== null && !stage.dragging) {
                stage.read();
                stage.followPicture();
            }
        }
    }, 400);
})();
