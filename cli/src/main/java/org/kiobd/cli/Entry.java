package org.kiobd.cli;

/**
 * The entry of the runnable jar. It needs no class but Java's own, so that it can say in a line why the others cannot be loaded: libraries
 * are opened when they are needed, and the process may not be allowed that many files.
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

    /** Of a thread of a library: one that misses a class says the same as what the command itself has said, or is about to. */
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
