package org.kiobd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.kiobd.volume.testkit.Seeded;

final class ShellTextTest {
    private static final int[] ODD = {
        ' ', '\'', '"', '\\', '$', '`', '&', ';', '*', '?', '#', '~', '!', '\n', '\r', '\t', 27, 0x9b, 0xe4, 0x2028,
        0x202e, 0x1f600
    };

    private static String echoed(String word) throws IOException {
        Process shell = new ProcessBuilder("bash", "-c", "printf %s " + ShellText.quote(word)).start();
        return new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    @Test
    void plainWordsStayAsTheyAre() {
        assertThat(ShellText.quote("/run/kiobd/data@monday.sock")).isEqualTo("/run/kiobd/data@monday.sock");
        assertThat(ShellText.quote("")).isEqualTo("''");
        assertThat(ShellText.quote("it's")).isEqualTo("'it'\\''s'");
    }

    @Seeded(rounds = 20)
    void aShellGetsTheWordAndAReaderGetsOneLine(Random random) throws IOException {
        StringBuilder word = new StringBuilder("x");
        for (int i = 1 + random.nextInt(12); i > 0; i--) {
            word.appendCodePoint(random.nextInt(3) == 0 ? 'a' + random.nextInt(26) : ODD[random.nextInt(ODD.length)]);
        }
        assertThat(echoed(word.toString())).isEqualTo(word.toString());
        assertThat(ShellText.quote(word.toString()).codePoints().noneMatch(ShellText::hides))
                .isTrue();
    }

    @Test
    void aTerminalGetsNothingThatHides() {
        assertThat(ShellText.printable("a\u001b[2Jb\u202ec\u0085d\n\te")).isEqualTo("a?[2Jb?c?d\n\te");
    }
}
