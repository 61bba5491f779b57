package org.kiobd.manage;

import java.util.List;
import org.kiobd.raid.Finding;

/**
 * The result of a check or a scrub of a volume.
 *
 * @param members number of members that were checked; 0 if the catalog entry could not be read
 * @param readBytes amount of data that was read; 0 for a check
 * @param findings findings, in the order they were found
 */
public record CheckReport(int members, long readBytes, List<Finding> findings) {
    public CheckReport {
        findings = List.copyOf(findings);
    }

    /** Returns whether data is missing or damaged. */
    public boolean isDamaged() {
        return has(Finding.Severity.DAMAGE);
    }

    /** Returns whether everything could be checked. */
    public boolean isComplete() {
        return !has(Finding.Severity.UNKNOWN);
    }

    private boolean has(Finding.Severity severity) {
        return findings.stream().anyMatch(found -> found.severity() == severity);
    }
}
