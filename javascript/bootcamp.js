// What pages with Gradio's own fields need of the browser: the standalone page, and the WebUI's tab; they load
// bootcamp_stage.js too.
(function () {
    "use strict";

    // A message about a mistake names the field that it is about: the sentence is shown there too, and a screen reader
    // reads it with the field. The message itself is an alert, which is read out when it comes.
    function markField(notice) {
        const field = document.getElementById(notice.dataset.field);
        if (!field || field.querySelector(":scope > .bootcamp-mark")) return;
        const text = document.createElement("div");
        text.className = "bootcamp-field-error bootcamp-mark"; // forms that the browser draws have such sentences too
        text.id = `${field.id}_error`;
        text.textContent = notice.textContent;
        field.appendChild(text);
        for (const input of field.querySelectorAll("input, textarea, select")) {
            input.setAttribute("aria-invalid", "true");
            input.setAttribute("aria-describedby", text.id);
        }
    }

    function unmarkField(text) {
        for (const input of text.parentElement.querySelectorAll(`[aria-describedby="${text.id}"]`)) {
            input.removeAttribute("aria-invalid");
            input.removeAttribute("aria-describedby");
        }
        text.remove();
    }

    function markFields() {
        const notices = [...document.querySelectorAll(".bootcamp-notice[data-field]")];
        for (const text of document.querySelectorAll(".bootcamp-mark")) {
            const kept = notices.some(
                each => each.dataset.field === text.parentElement.id && each.textContent === text.textContent
            );
            if (!kept) unmarkField(text);
        }
        notices.forEach(markField);
    }

    // Gradio builds its page late and rebuilds parts of it; one slow timer is enough to follow it.
    setInterval(markFields, 400);

    // Gradio 3 folds accordions by a header that the keyboard does not reach. One that holds a field itself, as the WebUI's
    // with a checkbox, is no button: its arrow is.
    function reachHeader(header) {
        const field = header.querySelector("input") || header.closest(".input-accordion"); // whose checkbox comes late
        const button = header.tagName === "BUTTON" || !field ? header : header.lastElementChild;
        header.dataset.bootcampReached = "";
        const tell = () => button.setAttribute("aria-expanded", header.classList.contains("open"));
        new MutationObserver(tell).observe(header, { attributes: true, attributeFilter: ["class"] });
        tell();
        if (button.tagName === "BUTTON") return;
        button.setAttribute("role", "button");
        button.tabIndex = 0;
        if (field) button.setAttribute("aria-label", header.textContent.replace(button.textContent, "").trim());
        button.addEventListener("keydown", event => {
            if (event.target !== button || !["Enter", " "].includes(event.key)) return;
            event.preventDefault(); // Space scrolls
            button.click();
        });
    }

    const UNREACHED = "[id^=bootcamp_] .label-wrap:not([data-bootcamp-reached])";
    setInterval(() => document.querySelectorAll(UNREACHED).forEach(reachHeader), 400);

    // A job's card follows its job: while it is in sight, the page's own refresh button is pressed, now and then also where
    // no job goes on: one may have been begun elsewhere, and an answer from before a press may come after the press's own.
    // Nothing is kept open on the server, so that a card goes on where it was after the page was closed or loaded again.
    const EVERY_MS = 1000;
    const PATIENCE_MS = 10000; // an answer that does not come is asked for again
    const IDLE_MS = 5000;
    const asked = new Map(); // what was asked for last, by button

    function follow(card) {
        const name = card.dataset.refresh;
        const button = document.getElementById(name);
        const inSight = card.offsetParent !== null && !document.hidden;
        const last = asked.get(name) || { stamp: null, at: 0, inSight: false };
        const comesIntoSight = inSight && !last.inSight;
        const moved = card.dataset.active === "1" && card.dataset.stamp !== last.stamp;
        const late = Date.now() - last.at > (card.dataset.active === "1" ? PATIENCE_MS : IDLE_MS);
        if (button && inSight && (comesIntoSight || moved || late)) {
            button.click();
            asked.set(name, { stamp: card.dataset.stamp, at: Date.now(), inSight });
        } else {
            asked.set(name, { ...last, inSight });
        }
    }

    setInterval(() => document.querySelectorAll(".bootcamp-job").forEach(follow), EVERY_MS);
})();
