// The WebUI's own localization (Settings, User interface) in what is drawn here. Its file has texts as they stand in
// English; of a text with numbers, which the WebUI leaves as it is, the file may have the pattern: "Give a number from
// {1} to {2}.".
(function () {
    "use strict";

    const NUMBERS = /\d+(?:[.,]\d+|, \d+)*/g; // several with commas between them are one
    const READ_OUT = ["title", "placeholder", "alt", "aria-label"];
    const UNREAD = ["SCRIPT", "STYLE", "TEXTAREA"];

    const OF_FIELD = ["label", "help", "placeholder", "group", "title", "description"];

    const isLocalized = () => Object.keys(window.localization ?? {}).length > 0;

    /** What the file has for a text; "Download localization template" lists what was asked for. */
    function found(text) {
        const held = window.localization && typeof getTranslation === "function" ? getTranslation(text) : window.localization?.[text];
        return typeof held === "string" ? held : text;
    }

    /** A text with {1}, {2} … replaced by values, in the WebUI's language where its file has it. */
    function filled(pattern, ...values) {
        const text = found(pattern).replace(/\{(\d+)\}/g, (slot, at) => values[at - 1] ?? slot);
        if (window.translated_lines) translated_lines[text] = 1; // else the WebUI takes it for one that is to be translated
        return text;
    }

    /** A text in the WebUI's language, where its file has it or, numbers aside, its pattern. */
    function translated(text) {
        if (typeof text !== "string" || !/\p{L}/u.test(text)) return text;
        if (typeof window.localization?.[text] === "string") return found(text);
        const numbers = text.match(NUMBERS) ?? [];
        let at = 0;
        return filled(numbers.length ? text.replace(NUMBERS, () => `{${(at += 1)}}`) : text, ...numbers);
    }

    /** Translate what is drawn below a node, beside what is in it what is shown and read out with it. */
    function translate(node) {
        if (node.nodeType === Node.TEXT_NODE) {
            const text = node.textContent.trim();
            if (!text || UNREAD.includes(node.parentElement?.nodeName)) return;
            if (typeof canBeTranslated === "function" && !canBeTranslated(node, text)) return;
            const known = translated(text);
            if (known !== text) node.textContent = known;
        } else if (node.nodeType === Node.ELEMENT_NODE) {
            for (const name of READ_OUT) {
                const text = node.getAttribute(name);
                const known = translated(text);
                if (known !== text) node.setAttribute(name, known);
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
        [...texts, ...titles, ...names].forEach(translated);
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

    window.bootcampLanguage = { translated, filled, translate, isLocalized };
})();
