// The Bootcamp tab: a page of its own in a frame of the same origin, which is asked for when the tab is first shown.
// Buttons in it call what is below by `parent.`; pictures of the WebUI's galleries go into it.

(function () {
    "use strict";

    const LEAST_PX = 480;
    const BELOW_PX = 24;
    const WAIT_MS = 120000;

    const holder = () => gradioApp().querySelector("#bootcamp_frame .bootcamp-frame");
    const frameOf = () => holder()?.querySelector("iframe");
    const translated = text => window.bootcampLanguage.translated(text);
    const pause = ms => new Promise(resolve => setTimeout(resolve, ms));

    /** Wait until a function gives something. */
    async function until(find) {
        const end = Date.now() + WAIT_MS;
        while (Date.now() < end) {
            const found = find();
            if (found) return found;
            await pause(100);
        }
        throw new Error("Bootcamp's page does not answer.");
    }

    function theme() {
        return document.body.classList.contains("dark") ? "dark" : "light";
    }

    /** Where the frame's page is; the address of this one may have a folder (--subpath), with a slash behind it or not. */
    function base() {
        return `${location.pathname.replace(/\/$/, "")}/bootcamp/tab/`;
    }

    function open(place) {
        if (frameOf()) return;
        const frame = document.createElement("iframe");
        frame.title = translated("Bootcamp");
        frame.src = `${base()}?__theme=${theme()}`;
        frame.addEventListener("load", () => {
            place.querySelector("p")?.remove();
            dress(frame.contentDocument);
        });
        place.appendChild(frame);
        fit();
    }

    /** What the page is as high as; what is around it is stretched to the frame. */
    const contentOf = inside => inside?.getElementById("bootcamp_tabs")?.parentElement;

    /** As high as its page, so that the WebUI's page alone is scrolled; what is measured by the window inside is told its. */
    function fit() {
        const frame = frameOf();
        if (!frame || frame.offsetParent === null) return;
        const inside = frame.contentDocument;
        const content = contentOf(inside);
        const { top } = frame.getBoundingClientRect();
        const rest = window.innerHeight - top - window.scrollY - 8;
        const needed = content ? content.getBoundingClientRect().bottom + frame.contentWindow.scrollY + BELOW_PX : rest;
        frame.style.height = `${Math.ceil(Math.max(LEAST_PX, needed))}px`;
        inside?.documentElement.style.setProperty("--bootcamp-window", `${window.innerHeight}px`);
        inside?.documentElement.style.setProperty("--bootcamp-hidden", `${Math.max(0, -top)}px`);
    }

    /** Follow the page's height, once it is built. */
    async function follow(inside) {
        const content = await until(() => contentOf(inside));
        new ResizeObserver(fit).observe(content);
    }

    /** The WebUI's style, its theme and its language inside of the frame. */
    function dress(inside) {
        for (const style of document.querySelectorAll('link[property="stylesheet"]')) {
            const copy = inside.createElement("link");
            copy.rel = "stylesheet";
            copy.href = style.href;
            inside.body.appendChild(copy); // below the head, which gets Gradio's later: this one counts, as in the WebUI's page
        }
        follow(inside).catch(() => {});
        const takeTheme = () => inside.body?.classList.toggle("dark", theme() === "dark");
        new MutationObserver(takeTheme).observe(document.body, { attributes: true, attributeFilter: ["class"] });
        const { isLocalized, translate } = window.bootcampLanguage;
        if (isLocalized()) {
            translate(inside.body);
            const translateNew = changes => changes.forEach(each => each.addedNodes.forEach(translate));
            new MutationObserver(translateNew).observe(inside.body, { childList: true, subtree: true });
        }
    }

    /** Show our tab of the WebUI's; buttons of Gradio 3 have no id. */
    function showOwnTab() {
        const titles = ["Bootcamp", translated("Bootcamp")];
        for (const button of gradioApp().querySelectorAll("#tabs > .tab-nav > button")) {
            if (titles.includes(button.textContent.trim()) || button.id === "tab_bootcamp-button") button.click();
        }
    }

    /** Put a text into a component of the WebUI's. */
    function fill(id, text) {
        const field = gradioApp().querySelector(`#${id} textarea, #${id} input`);
        if (!field) return;
        field.value = text;
        field.dispatchEvent(new Event("input", { bubbles: true }));
    }

    const pictureIn = id => frameOf()?.contentDocument.querySelector(`#${id} img`);

    async function fileOf(image, name) {
        const blob = await (await fetch(image.src)).blob();
        return new File([blob], name, { type: blob.type || "image/png" });
    }

    /** Keep a picture of the frame's among the server's uploads, and give its path there. */
    async function uploaded(image) {
        const inside = frameOf().contentWindow;
        const form = new FormData();
        form.append("files", await fileOf(image, "bootcamp.png"));
        const prefix = inside.gradio_config?.api_prefix ?? "";
        const address = inside.location.pathname.replace(/\/$/, "") + `${prefix}/upload`;
        const answer = await fetch(address, { method: "POST", body: form });
        if (!answer.ok) throw new Error(await answer.text());
        return (await answer.json())[0];
    }

    /** Hand a text and the picture that an element of the frame's shows over to one of the tab's own buttons. */
    window.bootcampSend = async function (button, text, pictureId) {
        const image = pictureId ? pictureIn(pictureId) : null;
        if (pictureId && !image) {
            alert(translated("There is no picture to send."));
            return;
        }
        const settings = /^bootcamp_sent_settings_(\w+)$/.exec(button);
        const { values } = settings ? JSON.parse(text) : {}; // without them something is chosen in the WebUI's fields
        if (values) window.bootcampPanel?.received(settings[1], values);
        fill("bootcamp_sent_text", text);
        fill("bootcamp_sent_picture", image ? await uploaded(image) : "");
        await pause(100); // Gradio takes a value over a moment later
        gradioApp().querySelector(`#${button}`)?.click();
        if (settings) window[`switch_to_${settings[1]}`]();
    };

    /** Put texts into fields of a tab of the WebUI's, those that are not empty, and show it. */
    window.bootcampFill = function (tab, ids, texts) {
        ids.forEach((id, at) => texts[at] && fill(id, texts[at]));
        window[`switch_to_${tab}`]();
    };

    /** Put files into a picture's place, instead of what is there. */
    async function put(find, file) {
        const clear = find()?.querySelector('button[aria-label="Clear"], button[aria-label="Remove Image"]');
        if (clear) {
            clear.click();
            await pause(300);
        }
        const input = await until(() => find()?.querySelector("input[type=file]"));
        const files = new DataTransfer();
        files.items.add(file);
        input.files = files.files;
        input.dispatchEvent(new Event("change", { bubbles: true, composed: true }));
    }

    /** Put the picture that an element of the frame's shows into a ControlNet unit, enable the unit and show its tab. */
    window.bootcampSendToControlNet = async function (pictureId, tab, number) {
        const image = pictureIn(pictureId);
        const unit = `#${tab}_controlnet_ControlNet-${number}`;
        const place = () =>
            gradioApp().querySelector(`${unit}_input_image`) ||
            gradioApp().querySelectorAll(`#${tab}_controlnet .cnet-unit-enabled-accordion`)[number];
        if (!image || !place()) {
            alert(image ? window.bootcampLanguage.filled("There is no ControlNet unit {1} in {2}.", number, tab) : translated("Make a map first."));
            return;
        }
        await put(place, await fileOf(image, "bootcamp-map.png"));
        const enable = gradioApp().querySelector(`${unit}_controlnet_enable_checkbox input`);
        if (enable && !enable.checked) enable.click();
        window[`switch_to_${tab}`]();
    };

    /** Show an operation's tab in the frame and put a picture into it. */
    async function take(image, [name, place, title, field]) {
        const file = await fileOf(image, decodeURIComponent(image.src.split(/[/?]/).filter(each => /\.\w+$/.test(each)).pop() || "picture.png"));
        showOwnTab();
        open(holder());
        const button = (tabs, text) =>
            [...(frameOf().contentDocument?.querySelectorAll(`#${tabs} > .tab-nav > button`) ?? [])].find(
                each => each.dataset.title === text || [text, translated(text)].includes(each.textContent.trim())
            );
        (await until(() => button("bootcamp_tabs", place))).click();
        (await until(() => button(`bootcamp_tabs_${place.toLowerCase().replaceAll(" ", "_")}`, title))).click();
        await put(() => frameOf().contentDocument.getElementById(field), file);
    }

    let taking; // the frame's tabs that take a picture, asked for once

    /** Below a gallery of the WebUI's: where in Bootcamp its picture goes. */
    function addChooser(tab) {
        const row = gradioApp().querySelector(`#image_buttons_${tab}`);
        if (!row) return;
        const chooser = document.createElement("select");
        chooser.className = "bootcamp-chooser";
        chooser.title = chooser.ariaLabel = translated("Send the picture to Bootcamp");
        chooser.add(new Option(translated("Bootcamp …"), ""));
        const listTabs = async () => {
            taking ??= fetch(`${base()}taking`).then(answer => answer.json());
            const listed = await taking;
            if (chooser.options.length > 1) return;
            for (const [name, , title] of listed) chooser.add(new Option(translated(title), name));
        };
        chooser.addEventListener("change", async () => {
            const wanted = (await taking).find(([name]) => name === chooser.value);
            chooser.value = "";
            const gallery = gradioApp().querySelector(`#${tab}_gallery`);
            const image =
                gallery?.querySelector(".preview > img, .preview .image-button img, .thumbnail-item.selected img") ||
                gallery?.querySelector("img");
            if (wanted && image) take(image, wanted).catch(error => alert(translated(error.message)));
            else alert(translated("There is no picture to send."));
        });
        for (const event of ["pointerenter", "focus"]) chooser.addEventListener(event, listTabs);
        onAfterUiUpdate(() => {
            if (chooser.options.length < 2 && gradioApp().querySelector(`#${tab}_gallery img`)) listTabs();
        });
        row.appendChild(chooser);
    }

    onUiLoaded(() => {
        const place = holder();
        if (!place) return; // a hidden tab
        new IntersectionObserver(seen => {
            if (!seen.some(each => each.isIntersecting)) return;
            open(place);
            fit();
        }).observe(place);
        window.addEventListener("resize", fit);
        window.addEventListener("scroll", fit, { passive: true });
        ["txt2img", "img2img", "extras"].forEach(addChooser);
    });
})();
