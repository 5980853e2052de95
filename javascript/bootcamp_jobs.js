// A job's card follows its job: while it is in sight, the page's own refresh button is pressed, now and then also where
// no job goes on: one may have been begun elsewhere, and an answer from before a press may come after the press's own.
// Nothing is kept open on the server, so that a card goes on where it was after the page was closed or loaded again.
(function () {
    "use strict";

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
