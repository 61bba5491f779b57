package org.kiobd.cli;

/** Exit codes of the process. Scripts depend on these numbers. */
final class ExitCode {
    static final int OK = 0;
    static final int FAILED = 1;
    static final int USAGE = 2;
    static final int DAMAGE = 3;

    /** 128 + SIGPIPE: the reader of standard output has closed it. */
    static final int BROKEN_PIPE = 141;

    private ExitCode() {}
}
