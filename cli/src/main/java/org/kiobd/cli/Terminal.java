package org.kiobd.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Tells whether standard streams are terminals, and asks the user. {@code System.console()} cannot tell: since Java 22 it exists without a
 * terminal, too.
 */
final class Terminal {
    private Terminal() {}

    /** Returns whether standard input is a terminal. */
    static boolean isInput() {
        return is(0);
    }

    /** Returns whether standard error is a terminal. */
    static boolean isError() {
        return is(2);
    }

    private static boolean is(int fd) {
        try {
            String device =
                    Files.readSymbolicLink(Path.of("/proc/self/fd/" + fd)).toString();
            return device.startsWith("/dev/pts/") || device.startsWith("/dev/tty") || device.equals("/dev/console");
        } catch (IOException e) {
            return false;
        }
    }

    /**
     * Asks on standard error, to keep standard output for answers.
     *
     * @return the reply; empty at the end of input
     */
    static String ask(String question) {
        System.err.print(question);
        System.err.flush();
        try {
            String answer = new BufferedReader(new InputStreamReader(System.in, Charset.defaultCharset())).readLine();
            return answer == null ? "" : answer;
        } catch (IOException e) {
            return "";
        }
    }
}
