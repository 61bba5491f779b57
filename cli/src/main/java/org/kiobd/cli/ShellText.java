package org.kiobd.cli;

import java.nio.charset.StandardCharsets;

/** Words for a shell to be copied into. Stateless. */
final class ShellText {
    private static final String PLAIN = "[A-Za-z0-9_@%+=:,./-]+";

    private ShellText() {}

    /** One word of a command line, whatever is in it; as it is where no shell would take it for anything else. Never more than a line. */
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

    /** What ends a line, moves the cursor, or makes a word look like another. */
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

    /** Text for a terminal: nothing that hides, but for ends of lines and tabs. */
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
