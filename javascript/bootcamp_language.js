// The WebUI's own localization (Settings, User interface) in what is drawn here. Its file has texts as they stand in
// English; of a text with numbers, which the WebUI leaves as it is, the file may have the pattern: "Give a number from
// {1} to {2}.".
(function () {
    "use strict";

    // Several with commas between them are one. Without a lookbehind, which older Safaris cannot read.
    const NUMBERS = /(^|[^\w.#])(\d+(?:[.,]\d+|, \d+)*)(?!\w)/g;
    const READ_OUT = ["title", "placeholder", "alt", "aria-label"];
    const UNREAD = ["SCRIPT", "STYLE", "TEXTAREA"];
    const OF_FIELD = ["label", "help", "placeholder", "group", "title", "description"];

    const isLocalized = () => Object.keys(window.localization ?? {}).length > 0;
    const held = text => typeof window.localization?.[text] === "string";

    /** A text in the WebUI's language; "Download localization template" lists what was asked for. */
    function exact(text) {
        if (typeof text !== "string" || !/\p{L}/u.test(text)) return text;
        if (window.localization && typeof getTranslation === "function") getTranslation(text);
        return held(text) ? window.localization[text] : text;
    }

    /** The same of a pattern, with {1}, {2} … replaced by values. */
    function filled(pattern, ...values) {
        const text = exact(pattern).replace(/\{(\d+)\}/g, (slot, at) => values[at - 1] ?? slot);
        if (window.translated_lines) translated_lines[text] = 1; // else the WebUI takes it for one that is to be translated
        return text;
    }

    function patternOf(text) {
        let at = 0;
        return text.replace(NUMBERS, (found, before) => `${before}{${(at += 1)}}`);
    }

    /** A text whose numbers are this moment's, by itself or by its pattern. */
    function translated(text) {
        return typeof text !== "string" || held(text) ? exact(text) : filled(patternOf(text), ...[...text.matchAll(NUMBERS)].map(each => each[2]));
    }

    /** Translate what is drawn below a node, beside what is in it what is shown and read out with it. */
    function translate(node) {
        const known = text => (held(patternOf(text)) ? translated(text) : exact(text));
        if (node.nodeType === Node.TEXT_NODE) {
            const text = node.textContent.trim();
            if (!text || UNREAD.includes(node.parentElement?.nodeName)) return;
            if (typeof canBeTranslated === "function" && !canBeTranslated(node, text)) return;
            if (known(text) !== text) node.textContent = known(text);
        } else if (node.nodeType === Node.ELEMENT_NODE) {
            for (const name of READ_OUT.filter(each => node.hasAttribute(each))) {
                const text = node.getAttribute(name);
                if (known(text) !== text) node.setAttribute(name, known(text));
            }
            node.childNodes.forEach(translate);
        }
    }

    /** Ask for the texts of a form's fields, so that the WebUI lists them; forms are drawn when they are first shown. */
    function list({ fields, presets }) {
        const items = fields.flatMap(each => Object.values(each.items?.properties ?? {}));
        const titles = fields.flatMap(each => (each.choices ?? []).map(([, title]) => title));
        const texts = [...fields, ...items].flatMap(each => OF_FIELD.map(name => each[name]));
        const names = Object.values(presets ?? {}).flatMap(Object.keys);
        [...texts, ...titles, ...names].forEach(exact);
    }

    let listed = false;
    // "Download localization template" in Settings waits until the forms of the page, and the tab, are in its list
    document.addEventListener("click", async event => {
        const press = event.target.closest?.("#download_localization");
        if (!press || listed) return;
        event.stopImmediatePropagation();
        listed = true;
        try {
            (await window.bootcampForms.describeAll()).forEach(list);
            translate(document.querySelector("#bootcamp_frame iframe")?.contentDocument.body ?? document.createTextNode(""));
        } finally {
            press.click();
        }
    }, true);

    window.bootcampLanguage = { exact, translated, filled, translate, isLocalized };
})();
