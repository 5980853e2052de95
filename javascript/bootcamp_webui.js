// What the WebUI's page needs beyond bootcamp.js: pictures into ControlNet's units, fresh presets, the scan's badge.

/** Put the picture a tab shows into a ControlNet unit, enable the unit and show its tab. */
async function bootcampSendToControlNet(pictureId, tab, number) {
    const picture = gradioApp().querySelector(`#${pictureId} img`);
    const base = `#${tab}_controlnet`;
    const unit = `${base}_ControlNet-${number}`;
    const input = gradioApp().querySelector(`${unit}_input_image input[type=file]`)
        || gradioApp().querySelectorAll(`${base} .cnet-unit-enabled-accordion`)[number]?.querySelector("input[type=file]");
    if (!picture || !input) {
        alert(picture ? `There is no ControlNet unit ${number} in ${tab}.` : "Make a map first.");
        return;
    }
    const blob = await (await fetch(picture.src)).blob();
    const clear = gradioApp().querySelector(`${unit}_input_image button[aria-label="Clear"]`);
    if (clear) {
        clear.click();
        await new Promise(resolve => setTimeout(resolve, 300));
    }
    const target = gradioApp().querySelector(`${unit}_input_image input[type=file]`) || input;
    const files = new DataTransfer();
    files.items.add(new File([blob], "bootcamp-map.png", {type: "image/png"}));
    target.files = files.files;
    target.dispatchEvent(new Event("change", {bubbles: true, composed: true}));
    const enable = gradioApp().querySelector(`${unit}_controlnet_enable_checkbox input`);
    if (enable && !enable.checked) enable.click();
    (tab === "txt2img" ? switch_to_txt2img : switch_to_img2img)();
}

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
