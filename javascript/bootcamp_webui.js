// What the WebUI's page needs beyond bootcamp.js: fresh presets, the scan's badge.

// Another checkpoint may have another base: ask again which presets fit.
let bootcampCheckpoint = null;
onOptionsChanged(() => {
    if (bootcampCheckpoint !== null && bootcampCheckpoint !== opts.sd_model_checkpoint) {
        for (const tab of ["txt2img", "img2img"]) gradioApp().querySelector(`#bootcamp_${tab}_refresh`)?.click();
    }
    bootcampCheckpoint = opts.sd_model_checkpoint;
});

// The scan's result, which is part of the infotext below the gallery, as a badge above that text.
onAfterUiUpdate(() => {
    for (const tab of ["txt2img", "img2img"]) {
        const info = gradioApp().querySelector(`#html_info_${tab}`);
        if (!info) continue;
        const found = /Bootcamp scan: "?(\d\.\d\d) \(([^)]*)\)/.exec(info.textContent);
        const text = found ? `${found[1] > 0 ? "Scans" : "Does not scan"} · ${found[1]} · ${found[2]}` : "";
        const old = info.querySelector(".bootcamp-scan-badge");
        if (old && old.dataset.text === text) continue;
        old?.remove();
        if (!found) continue;
        const badge = document.createElement("span");
        badge.className = `bootcamp-scan-badge ${found[1] > 0 ? "bootcamp-done" : "bootcamp-no"}`;
        badge.dataset.text = badge.textContent = text;
        info.prepend(badge);
    }
});
