package org.kiobd.cli;

import java.nio.charset.StandardCharsets;

/** Quotes text for shells and makes it safe for terminals. Stateless. */
final class ShellText {
    private static final String PLAIN = "[A-Za-z0-9_@%+=:,./-]+";

    private ShellText() {}

    /** Returns {@code word} as one word of a shell's command line, on one line; unchanged if no character needs quoting. */
    static String quote(String word) {
        if (word.matches(PLAIN)) {
            return word;
        }
        if (word.codePoints().noneMatch(ShellText::hides)) {
            return "'" + word.replace("'", "'\\''") + "'";
        }
        StringBuilder quoted = new StringBuilder("$'");
        for (byte b : word.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (b & 0xff);
            if (c < ' ' || c >= 127 || c == '\'' || c == '\\') {
                quoted.append('\\').append(String.format("%03o", (int) c));
            } else {
                quoted.append(c);
            }
        }
        return quoted.append('\'').toString();
    }

    /** Returns whether the character ends a line, moves the cursor, or makes a word look like another. */
    static boolean hides(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> true;
            default -> false;
        };
    }

    /** Returns text for a terminal: replaces all characters that {@link #hides}, except line ends and tabs. */
    static String printable(String text) {
        if (text.codePoints().noneMatch(c -> hides(c) && c != '\n' && c != '\t')) {
            return text;
        }
        return text.codePoints()
                .map(c -> hides(c) && c != '\n' && c != '\t' ? '?' : c)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }
}
