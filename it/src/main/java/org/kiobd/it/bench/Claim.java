package org.kiobd.it.bench;

import java.util.ArrayList;
import java.util.List;

/**
 * One row of the design's table of claims, as the page shows it: the prediction, the measurements, and whether the two agree. The figures
 * of the same run decide each finding, by the rule in its text; no finding is written by hand. Used by one thread.
 */
final class Claim {
    private final String number;
    private final String title;
    private final String predicted;
    private final StringBuilder body = new StringBuilder();
    private final List<Finding> findings = new ArrayList<>();

    private record Finding(boolean held, String words) {}

    Claim(String number, String title, String predicted) {
        this.number = number;
        this.title = title;
        this.predicted = predicted;
    }

    /** Begins a table. */
    Claim head(String... cells) {
        body.append('\n');
        row(List.of(cells));
        row(List.of("---|".repeat(cells.length).replaceAll("\\|$", "").split("\\|", -1)));
        return this;
    }

    Claim row(List<String> cells) {
        body.append("| ").append(String.join(" | ", cells)).append(" |\n");
        return this;
    }

    Claim row(String... cells) {
        return row(List.of(cells));
    }

    /** Adds a paragraph below the tables so far. */
    Claim words(String text) {
        body.append('\n').append(text).append('\n');
        return this;
    }

    /** Adds the result for one part of the prediction. */
    Claim found(boolean held, String words) {
        findings.add(new Finding(held, words));
        return this;
    }

    /** Returns the row of the summary table. */
    String summary() {
        long wrong = findings.stream().filter(finding -> !finding.held).count();
        String verdict = wrong == 0
                ? "as predicted"
                : wrong == findings.size() ? "wrong" : "wrong in " + wrong + " of " + findings.size() + " points";
        return "| " + number + " | " + title + " | " + verdict + " |\n";
    }

    String section() {
        StringBuilder section = new StringBuilder();
        section.append("\n### ")
                .append(number)
                .append(": ")
                .append(title)
                .append("\n\n*Predicted:* ")
                .append(predicted)
                .append('\n')
                .append(body)
                .append('\n');
        for (Finding finding : findings) {
            section.append(finding.held ? "- As predicted: " : "- **Wrong:** ")
                    .append(finding.words)
                    .append('\n');
        }
        return section.toString();
    }
}
