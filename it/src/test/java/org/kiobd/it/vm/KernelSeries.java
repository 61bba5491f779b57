package org.kiobd.it.vm;

import java.util.List;

/** The Linux kernels the tests run. */
public enum KernelSeries {
    /** Debian 12's kernel: no WRITE_ZEROES, requests of at most 128 KiB. Every kernel test runs on it. */
    LINUX_6_1("6.1"),
    /** Debian 13's, also a backport to 12: WRITE_ZEROES, ROTATIONAL, requests up to 1.25 MiB. */
    LINUX_6_12("6.12");

    private final String version;

    KernelSeries(String version) {
        this.version = version;
    }

    /** Such as {@code 6.1}. */
    public String version() {
        return version;
    }

    /** The suites of Debian that may carry it, in the order to ask. */
    List<String> suites() {
        return switch (this) {
            case LINUX_6_1 -> List.of("bookworm");
            case LINUX_6_12 -> List.of("bookworm-backports", "trixie");
        };
    }

    /** Whether a Debian package version such as {@code 6.12.95-1~bpo12+1} is of this series. */
    boolean carries(String packageVersion) {
        return packageVersion.startsWith(version + ".");
    }

    /** The series called {@code version}; throws on one the tests do not know. */
    public static KernelSeries of(String version) {
        for (KernelSeries series : values()) {
            if (series.version.equals(version)) {
                return series;
            }
        }
        throw new IllegalArgumentException("kernel=%s is not known: use 6.1 or 6.12".formatted(version));
    }
}
