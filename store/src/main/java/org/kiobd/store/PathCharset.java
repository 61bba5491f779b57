package org.kiobd.store;

import java.nio.charset.Charset;
import java.nio.charset.IllegalCharsetNameException;
import java.nio.charset.StandardCharsets;
import java.nio.charset.UnsupportedCharsetException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Which paths this process can say. On Linux a path is bytes; what is written down of it is text, in UTF-8. Java turns one into the other
 * by the charset of the locale it was started in, and in that of cron and of service managers it has no letters but ASCII's. Stateless.
 */
public final class PathCharset {
    /** What bytes become that are no text in the locale's charset. */
    private static final char REPLACEMENT = '\uFFFD';

    private static final int ASCII_END = 0x80;

    private PathCharset() {}

    /** The charset's name, as Java has it. */
    public static String name() {
        return System.getProperty("sun.jnu.encoding", StandardCharsets.UTF_8.name());
    }

    private static boolean isUtf8(String name) {
        try {
            return Charset.forName(name).equals(StandardCharsets.UTF_8);
        } catch (IllegalCharsetNameException | UnsupportedCharsetException e) {
            return name.toUpperCase(Locale.ROOT).replace("-", "").equals("UTF8");
        }
    }

    /** Why {@code path} cannot be a path here, behind its name: "contains ..."; null if it can. */
    public static @Nullable String flaw(String path) {
        return flaw(path, name());
    }

    static @Nullable String flaw(String path, String charset) {
        if (path.indexOf('\0') >= 0) {
            return "contains a NUL, which no path does";
        }
        if (isUtf8(charset) || path.chars().allMatch(letter -> letter < ASCII_END)) {
            return null;
        }
        return "has letters that this locale's charset=" + charset
                + " does not have; nothing was touched; run it in a UTF-8 locale: LC_ALL=C.UTF-8";
    }

    /** Whether {@code text}, which came from outside, was bytes that are no text. */
    public static boolean isMangled(String text) {
        return text.indexOf(REPLACEMENT) >= 0;
    }
}
