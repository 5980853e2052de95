// Above a picture's infotext: what its scan means, its full score, and what to do next in one click.
(function () {
    "use strict";

    const TABS = ["txt2img", "img2img"];
    const STEP = 0.2;
    const TRIES = 10;
    const SHOWN = 8; // buttons for pictures of a grid; those of more are folded
    const WAIT_MS = 15000;
    const PUT_BACK_MS = 1500;
    const NOT_THE_SCRIPTS = ["control", "effect", "scan", "save_only_scanning", "stop_at_first"];
    const COMPARES_OWN = ["controls", "image", "settings", "strengths", "seeds"];
    const AS_THE_SECTION = { must_read: "any" }; // a picture of the section's scans where one reader reads it
    const STRENGTHS = [1, 1.3]; // the script's own, which its form tells once it is drawn
    const MOST = 4;
    const BY_HAND = ["weight", "margin"];
    const MORE = "bootcamp-more-contrast";
    const PENDING = ".wrap"; // Gradio's clock while it waits, which is no part of the infotext
    const INPAINTED = /Mask blur: /; // the script draws whole pictures
    const PLOT = /Script: X\/Y\/Z plot/;
    const { SCRIPTS, post, setNumber, button, receiver, scriptList, chooseInWebUi } = window.bootcampPanel;
    const [SCRIPT, COMPARE] = SCRIPTS;
    const { element, translated } = window.bootcampControls;
    const { filled } = window.bootcampLanguage;

    /** Wait until a function gives something; null where it gives nothing in time. */
    async function until(find) {
        for (const end = Date.now() + WAIT_MS; Date.now() < end;) {
            const found = find();
            if (found) return found;
            await new Promise(resolve => setTimeout(resolve, 100));
        }
        return null;
    }

    const OF_GRID = /Bootcamp scan: "?(\d+) of (\d+) scans?(?: \(pictures? ([\d, ]+)\))?/;
    const SCORE = /Bootcamp scan: "?\d\.\d\d (?:of all readings )?\(([^)]*)\)(?:, (\d+) of (\d+) conditions)?(?:, touched up by (\d+))?/;
    const QUICK = /Bootcamp scan: (?:"read by ([^"]*?)(?:, touched up by (\d+) gray levels?)?"|read by ([^",\n]+))/;

    const NO_READER = "no reader";
    const ASKED_FOR = "were asked for"; // section_scan.py: some readers read it, and all were to

    /** What the scans of a grid's pictures mean. */
    function meaningOfGrid([, , drawn, numbers]) {
        const which = (numbers ?? "").split(/,\s*/).filter(Boolean);
        const some = which.length ? "{1} of {2} scan: pictures {3}." : "{1} of {2} scan.";
        const words = which.length === 1
            ? filled("Picture {1} of {2} scans.", which[0], drawn)
            : filled(some, which.length, drawn, which.join(", "));
        return { scans: which.length > 0, which, words };
    }

    /** A picture's scan in its infotext: a full score, or who reads it (older: `1.00 (zxing-cpp)`); null where it has none. */
    function reading(text) {
        const [, readers, passed, tried, levels] = SCORE.exec(text) ?? [];
        if (readers !== undefined) return { readers, passed, tried, levels };
        const quick = QUICK.exec(text);
        return quick && { readers: (quick[1] ?? quick[3]).trim(), levels: quick[2] };
    }

    /** What a scan means. */
    function meaning({ readers, passed, tried, levels }) {
        const scans = readers !== NO_READER && !readers.includes(ASKED_FOR);
        if (readers === NO_READER) {
            const why = tried ? "Does not scan: {1} of {2} conditions." : "Does not scan: no reader reads its code.";
            return { scans, words: filled(why, passed, tried) };
        }
        const [how, ...given] = scans && tried ? ["read under {1} of {2} phone conditions by {3}", passed, tried, readers] : ["read by {1}", readers];
        const touched = levels ? `, touched up by {${given.length + 1}} gray levels` : "";
        const words = filled(`${scans ? "Scans" : "Does not scan as asked"}: ${how}${touched}.`, ...given, levels);
        return { scans, weak: scans && tried && passed < tried / 2, words };
    }

    function pressGenerate(tab) {
        // Gradio takes values over a moment later
        setTimeout(() => gradioApp().querySelector(`#${tab}_generate`)?.click(), 150);
    }

    /** Generate once with other numbers in the WebUI's own fields, which are put back when the run has taken them. */
    function generateOnce(tab, numbers, putBack = () => {}) {
        const input = name => gradioApp().querySelector(`#${tab}_${name} input[type=number]`);
        const before = Object.keys(numbers).map(name => [name, input(name)?.value]);
        for (const [name, value] of Object.entries(numbers)) setNumber(`${tab}_${name}`, value);
        pressGenerate(tab);
        setTimeout(() => {
            for (const [name, value] of before) {
                const untouched = Number(input(name)?.value) === numbers[name];
                if (value !== undefined && untouched) setNumber(`${tab}_${name}`, value);
            }
            putBack();
        }, PUT_BACK_MS);
    }

    function drawManyAndStop(tab) {
        const form = window.bootcampForms.get(`bootcamp_${tab}`);
        const before = form?.given.stop_at_first ?? null;
        form?.fill({ stop_at_first: true });
        generateOnce(tab, { seed: -1, batch_count: TRIES }, () => form?.fill({ stop_at_first: before }));
    }

    /** Show a picture of the gallery, which stands behind the grid. */
    function showPicture(tab, number) {
        const shown = gradioApp().querySelectorAll(`#${tab}_gallery .thumbnail-item.thumbnail-small`);
        const all = shown.length ? shown : gradioApp().querySelectorAll(`#${tab}_gallery .thumbnail-item`);
        all[number]?.click();
    }

    const scriptForm = (tab, script = SCRIPT) => window.bootcampForms.get(`bootcamp_${tab}_${script.name}`);
    const isChosen = (tab, script) => scriptList(tab)?.value === script.title;
    const isDrawnBy = (info, script) => info.includes(`Script: ${script.title}`);
    const rounded = value => Math.round(value * 100) / 100;

    /** What the section has set, as the script's form names it. */
    function forScript(section) {
        const values = {};
        for (const [key, value] of Object.entries(section.given)) {
            const name = key.replace(/^qr\./, "");
            if (!name.includes(".") && !NOT_THE_SCRIPTS.includes(name)) values[name] = value;
        }
        const { middle, weight } = section.description?.effect ?? { middle: 1, weight: 0 };
        const factor = 1 + weight * ((section.given.effect ?? middle) - middle) / middle;
        if (factor !== 1) values.strengths = STRENGTHS.map(each => rounded(each * factor));
        return values;
    }

    /** A script that is chosen by hand begins with the section's text where it has none. */
    function beginWithSection(form) {
        const tab = form.description.tab;
        const section = window.bootcampForms.get(`bootcamp_${tab}`);
        const isCode = (section?.given.control ?? section?.fields?.get("control")?.default ?? "qr") === "qr";
        if (!isCode || !section?.given["qr.content"] || form.given.content) return;
        const isUntouched = !Object.keys(form.given).length;
        const { content, ...values } = forScript(section);
        form.fill(form.description.script === SCRIPT.name && isUntouched ? { ...values, content } : { content });
    }

    for (const { name } of SCRIPTS) {
        window.bootcampForms.extend(`${name}-`, form => {
            beginWithSection(form);
            form.whenShown = [() => beginWithSection(form)];
        });
    }

    /** What "Compare control" has set, which drew the picture; its strengths and seeds are another run's. */
    function ofCompare(form) {
        return Object.fromEntries(Object.entries(form.given).filter(([name]) => !COMPARES_OWN.includes(name)));
    }

    /** Have the script draw until a picture scans, with what the section has set; whether it is there to be chosen. */
    async function chooseScript(tab) {
        if (!receiver(tab) || !scriptList(tab)) return false;
        const values = isChosen(tab, COMPARE) ? ofCompare(scriptForm(tab, COMPARE)) : forScript(window.bootcampForms.get(`bootcamp_${tab}`));
        chooseInWebUi(tab, { script: SCRIPT.title });
        const shown = () => isChosen(tab, SCRIPT) && scriptForm(tab)?.box("values") && scriptForm(tab);
        const form = await until(shown);
        if (!form) return false;
        const before = Object.fromEntries(Object.keys(form.given).map(key => [key, null]));
        form.fill({ ...before, ...values, ...AS_THE_SECTION });
        return true;
    }

    async function untilItScans(tab, info) {
        const isReady = isDrawnBy(info, SCRIPT) && isChosen(tab, SCRIPT);
        if (isReady || (!INPAINTED.test(info) && await chooseScript(tab))) generateOnce(tab, { seed: -1 });
        else drawManyAndStop(tab);
    }

    /** What is set by hand and stays where the effect is moved, as much stronger. */
    function raised(section) {
        const byHand = BY_HAND.filter(name => typeof section.given[name] === "number");
        const most = name => section.fields?.get(name)?.max ?? Infinity;
        return Object.fromEntries(byHand.map(name => [name, Math.min(most(name), Number((section.given[name] * (1 + STEP)).toPrecision(3)))]));
    }

    /** Draw again with more contrast: by the script's strengths where it is chosen, else by the section's effect. */
    function moreContrast(tab, seed, effect) {
        const form = isChosen(tab, SCRIPT) ? scriptForm(tab) : null;
        if (form) {
            const strengths = Array.isArray(form.given.strengths) ? form.given.strengths : STRENGTHS;
            form.fill({ strengths: [...new Set(strengths.map(each => Math.min(MOST, rounded(each * (1 + STEP)))))] });
        } else {
            const section = window.bootcampForms.get(`bootcamp_${tab}`);
            section?.fill({ effect: Math.min(1, rounded(effect + STEP)), ...raised(section) });
        }
        generateOnce(tab, { seed });
    }

    /** Whether pressing Generate draws what the picture was drawn by: not where another script of ours is chosen by now. */
    function canDrawAgain(tab, info) {
        if (isDrawnBy(info, COMPARE) || isChosen(tab, COMPARE)) return false;
        return isDrawnBy(info, SCRIPT) === Boolean(isChosen(tab, SCRIPT));
    }

    /** A button for each picture that scans; those beyond the first few are folded. */
    function showButtons(tab, which, badge) {
        const add = (number, parent) => button(filled("Show picture {1}", number), parent, () => showPicture(tab, Number(number)));
        const folded = which.length > SHOWN + 1 ? which.slice(SHOWN) : []; // to fold one would save nothing
        which.slice(0, which.length - folded.length).forEach(each => add(each, badge));
        if (!folded.length) return;
        const more = element("details", {}, badge);
        element("summary", { text: filled("{1} more pictures", folded.length) }, more);
        folded.forEach(each => add(each, more));
    }

    function nextSteps(tab, info, found, badge) {
        const value = (name, otherwise) => Number(new RegExp(`[&:]\\s?${name}=([\\d.]+)`).exec(info)?.[1] ?? otherwise);
        const seed = Number(/Seed: (\d+)/.exec(info)?.[1] ?? -1);
        const effect = value("effect", 0.5);
        if ((!found.scans || found.weak) && (effect < 1 || isDrawnBy(info, SCRIPT))) {
            const more = button("More contrast", badge, () => moreContrast(tab, seed, effect));
            more.classList.add(MORE);
            more.hidden = !canDrawAgain(tab, info);
        }
        showButtons(tab, found.which ?? [], badge);
        if (!found.scans) {
            if (!found.which && badge.dataset.spoiled === undefined) button("Touch up", badge, event => touchUp(tab, badge, event.currentTarget, info));
            if (!(INPAINTED.test(info) && isChosen(tab, COMPARE))) button("Try again until it scans", badge, () => untilItScans(tab, info));
        }
    }

    /** Ask about the picture that is shown, whose infotext says which code it should be. */
    async function askAbout(tab, path, info) {
        const image = gradioApp().querySelector(`#${tab}_gallery .preview img, #${tab}_gallery img`);
        const blob = await (await fetch(image.src)).blob();
        const uri = await new Promise(resolve => {
            const reader = new FileReader();
            reader.onload = () => resolve(reader.result);
            reader.readAsDataURL(blob);
        });
        return post(path, { image: uri, infotext: info });
    }

    async function score(tab, badge, press, info) {
        press.disabled = true;
        press.textContent = translated("Scanning …");
        try {
            const answer = await askAbout(tab, "scan", info);
            const { levels } = reading(info) ?? {}; // the picture is as it was touched up then
            const what = meaning({ ...reading(`Bootcamp scan: "${answer.text}"`), levels });
            badge.querySelector("span").textContent = what.words;
            badge.classList.toggle("bootcamp-done", what.scans);
            badge.classList.toggle("bootcamp-no", !what.scans);
            badge.querySelectorAll("button").forEach(each => each.remove()); // the score may call for others
            nextSteps(tab, info, what, badge);
        } catch (error) {
            failed(badge, press, error);
        }
    }

    /** A step that did not work: its reason in place of its button. */
    function failed(badge, press, error) {
        const next = press.nextSibling;
        press.remove();
        badge.insertBefore(element("span", { role: "alert", text: translated(error.message) }), next);
    }

    /** Touch up the picture that is shown; the result stands below, to be saved. */
    async function touchUp(tab, badge, press, info) {
        press.disabled = true;
        press.textContent = translated("Touching up, for up to 20 s …");
        try {
            const answer = await askAbout(tab, "touch-up", info);
            badge.querySelectorAll("button").forEach(each => each.remove()); // they are about the picture as it was
            const what = meaning(reading(`Bootcamp scan: "${answer.text}"`));
            badge.querySelector("span").textContent = what.words;
            badge.classList.replace("bootcamp-no", "bootcamp-done");
            const source = `data:image/png;base64,${answer.image}`;
            const shown = element("figure", { class: "bootcamp-touched" }, badge);
            element("img", { src: source, alt: "The picture, touched up" }, shown);
            element("a", { href: source, download: `touched-up-${/Seed: (\d+)/.exec(info)?.[1] ?? "picture"}.png`, text: "Save the touched-up picture" }, shown);
        } catch (error) {
            badge.dataset.spoiled = ""; // a touch-up is no next step any more
            failed(badge, press, error);
        }
    }

    /** Whether the gallery shows what has no infotext of its own: a control map, or what another script adds. */
    function showsNoResult(tab) {
        if (typeof selected_gallery_index !== "function") return false;
        try {
            const { infotexts } = JSON.parse(gradioApp().querySelector(`#generation_info_${tab} textarea`)?.value);
            return gradioApp().querySelector(`#tab_${tab}`)?.offsetParent !== null && selected_gallery_index() >= infotexts.length;
        } catch {
            return false; // nothing was drawn yet
        }
    }

    /** While the next picture is drawn, the badge is about the one before: nothing in it is pressed by mistake. */
    function followRun(tab, badge) {
        const isShown = name => gradioApp().querySelector(`#${tab}_${name}`)?.style.display === "block";
        badge.inert = badge.classList.toggle("bootcamp-old", isShown("interrupt") || isShown("interrupting"));
    }

    // The scan's result, which is part of the infotext below the gallery, above that text.
    onAfterUiUpdate(() => {
        for (const tab of TABS) {
            const info = gradioApp().querySelector(`#html_info_${tab}`);
            if (!info) continue;
            const old = info.querySelector(".bootcamp-scan-badge");
            const own = [...info.childNodes].filter(each => each !== old && !each.matches?.(PENDING));
            const text = own.map(each => each.textContent).join(" ");
            const ofGrid = OF_GRID.exec(text);
            const found = ofGrid ?? reading(text);
            if (old && found && old.dataset.text === text) {
                const more = old.querySelector(`.${MORE}`);
                if (more) more.hidden = !canDrawAgain(tab, text); // another script may be chosen by now
                followRun(tab, old);
                old.hidden = showsNoResult(tab);
                continue;
            }
            old?.remove();
            if (!found) continue;
            const ofPlot = PLOT.test(text); // a plot's infotext is its first picture's
            const what = ofGrid ? meaningOfGrid(ofGrid) : meaning(found);
            if (ofPlot) what.words = filled("The plot's first picture: {1}", what.words);
            const badge = element("div", { class: `bootcamp-scan-badge ${what.scans ? "bootcamp-done" : "bootcamp-no"}`, "data-text": text });
            element("span", { role: "status", text: what.words }, badge);
            if (!ofPlot) nextSteps(tab, text, what, badge);
            if (!ofPlot && !ofGrid && !found.tried) button("Full score", badge, event => score(tab, badge, event.currentTarget, text));
            info.prepend(badge);
            followRun(tab, badge);
            badge.hidden = showsNoResult(tab);
        }
    });
})();
