// In the forms of the Script dropdown: what the script would draw at the picture's size, and what is missing for it.
(function () {
    "use strict";

    const { Panel, follow } = window.bootcampPanel;

    /** As the section's, for a form that has neither the effect's slider nor parts. */
    class ScriptPanel extends Panel {
        nameEnds() {}

        offer() {}

        get question() {
            return { ...super.question, script: this.form.description.script };
        }
    }

    for (const name of ["until_it_scans-", "compare_control-"]) {
        window.bootcampForms.extend(name, form => follow(form, new ScriptPanel(form)));
    }
})();
