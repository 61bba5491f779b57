package org.kiobd.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.PathCharset;

/**
 * Checks that Java has decoded the command line correctly: the shell passes bytes, and Java decodes them in the charset of the locale.
 * Stateless.
 */
final class Arguments {
    /** Commands and options that make no files. */
    private static final Set<String> LOOKING = Set.of("version", "-V", "--version", "list", "info", "-h", "--help");

    /** Options before the command that have a value. */
    static final Set<String> WITH_VALUE = Set.of("--home", "-o", "--output");

    private static final Path COMMAND_LINE = Path.of("/proc/self/cmdline");

    private Arguments() {}

    /** Returns a one-line message about the first argument that Java could not decode; null if all are intact. */
    static @Nullable String flaw(List<String> words) {
        for (int i = 0; i < words.size(); i++) {
            if (PathCharset.isMangled(words.get(i)) && !isTyped(words.size() - i)) {
                return "'" + words.get(i) + "' has bytes that are not text in the charset=" + PathCharset.name()
                        + " of this locale; nothing was touched; paths are UTF-8 here: rename the file, or run it with"
                        + " LC_ALL=C.UTF-8";
            }
        }
        return null;
    }

    /**
     * Returns whether the argument is valid UTF-8 in a UTF-8 locale. Then its replacement character (U+FFFD) was typed and does not stand
     * for undecodable bytes.
     */
    private static boolean isTyped(int fromEnd) {
        try {
            byte[] all = Files.readAllBytes(COMMAND_LINE);
            int end = all.length;
            int start = end;
            for (int word = 0; word < fromEnd; word++) {
                // A NUL terminates each argument.
                end = Math.max(start - 1, 0);
                start = end;
                while (start > 0 && all[start - 1] != 0) {
                    start--;
                }
            }
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(all, start, end - start));
            return PathCharset.flaw("\uFFFD") == null;
        } catch (CharacterCodingException e) {
            return false;
        } catch (IOException e) {
            // Treat the argument as undecodable: its bytes are not available.
            return false;
        }
    }

    /** Returns whether the command makes no files; only its first word tells, for names of volumes may be any words. */
    static boolean onlyLook(List<String> words) {
        int at = 0;
        while (at < words.size()) {
            String word = words.get(at);
            if (LOOKING.contains(word)) {
                return true;
            }
            if (!word.startsWith("-")) {
                return false;
            }
            at += WITH_VALUE.contains(word) ? 2 : 1;
        }
        return true;
    }
}
