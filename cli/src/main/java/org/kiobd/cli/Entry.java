package org.kiobd.cli;

/**
 * The entry point of the runnable jar. Its own code needs only Java's classes, so that it can explain in one line why other classes cannot
 * be loaded: the JVM opens jars lazily, and the process may have reached its limit of open files.
 */
public final class Entry {
    private static volatile boolean told;

    private Entry() {}

    public static void main(String[] args) {
        Thread.setDefaultUncaughtExceptionHandler(new Uncaught());
        int exitCode;
        try {
            exitCode = Main.run(args);
        } catch (Throwable e) {
            exitCode = ExitCode.FAILED;
            tell(e);
        }
        System.exit(exitCode);
    }

    private static void tell(Throwable e) {
        told = true;
        String line;
        try {
            line = Main.unexpected(e);
        } catch (Throwable again) {
            Throwable root = e;
            while (root.getCause() != null && root.getCause() != root) {
                root = root.getCause();
            }
            line = "cannot go on: " + String.valueOf(root).replaceAll("\\s*\\R\\s*", " ")
                    + "; the limit of open files may be too low (ulimit -n), or files are missing beside the jar";
        }
        System.err.println("kiobd: " + line);
        if (System.getenv("KIOBD_DEBUG") != null) {
            e.printStackTrace();
        }
    }

    /**
     * Reports exceptions that end a thread. A linkage or VM error in a library's thread usually has the same cause as the error that ends
     * the command, so the handler reports such an error only if none was reported before.
     */
    private static final class Uncaught implements Thread.UncaughtExceptionHandler {
        @Override
        public void uncaughtException(Thread thread, Throwable e) {
            if (e instanceof LinkageError || e instanceof VirtualMachineError) {
                if (!told) {
                    tell(e);
                }
                return;
            }
            System.err.println("kiobd: thread " + thread.getName() + " ended:");
            e.printStackTrace();
        }
    }
}
