package org.kiobd.manage;

import java.util.List;
import org.kiobd.raid.Finding;

/**
 * What a check or a scrub of a volume has found.
 *
 * @param members how many were looked at; 0 if the catalog entry could not be read
 * @param readBytes how much data was read; 0 for a check
 * @param findings the order they were found in
 */
public record CheckReport(int members, long readBytes, List<Finding> findings) {
    public CheckReport {
        findings = List.copyOf(findings);
    }

    /** Returns whether data are missing or damaged. */
    public boolean isDamaged() {
        return has(Finding.Severity.DAMAGE);
    }

    /** Returns whether everything could be looked at. */
    public boolean isComplete() {
        return !has(Finding.Severity.UNKNOWN);
    }

    private boolean has(Finding.Severity severity) {
        return findings.stream().anyMatch(found -> found.severity() == severity);
    }
}
