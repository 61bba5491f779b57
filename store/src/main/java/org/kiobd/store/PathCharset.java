package org.kiobd.store;

import java.nio.charset.Charset;
import java.nio.charset.IllegalCharsetNameException;
import java.nio.charset.StandardCharsets;
import java.nio.charset.UnsupportedCharsetException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Checks which paths this process can express. On Linux a path is a byte string; kiobd stores paths as text, in UTF-8. Java converts
 * between the two with the charset of the locale it was started in; the locale of cron jobs and of services often knows ASCII letters
 * only. Stateless.
 */
public final class PathCharset {
    /** The character that Java decodes bytes to that are not valid text in the locale's charset. */
    private static final char REPLACEMENT = '\uFFFD';

    private static final int ASCII_END = 0x80;

    private PathCharset() {}

    /** Returns the name of the charset in which Java encodes paths. */
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

    /** Returns why {@code path} is not a usable path in this process, as text to follow the path ("contains ..."); null if it is. */
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

    /**
     * Returns whether {@code text}, which came from outside, has the replacement character: either its bytes were not valid text, or they
     * were that very character.
     */
    public static boolean isMangled(String text) {
        return text.indexOf(REPLACEMENT) >= 0;
    }
}
