package org.kiobd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.kiobd.manage.figures.FiguresCodec;
import org.kiobd.store.CacheMode;

/** The words for each mode. */
class CacheLabelTest {
    @Test
    void onlyWhatMayLoseDataIsLabelledBehindTheAddress() {
        assertThat(new CacheLabel(CacheMode.WRITEBACK).behindReady()).isEmpty();
        assertThat(new CacheLabel(CacheMode.NONE).behindReady()).isEmpty();
        assertThat(new CacheLabel(CacheMode.UNSAFE).behindReady())
                .isEqualTo(" (cache unsafe: FLUSH and FUA do nothing)");
        assertThat(new CacheLabel(CacheMode.WRITEBACK).inLine()).isEmpty();
        assertThat(new CacheLabel(CacheMode.NONE).inLine()).isEqualTo("; cache none");
        assertThat(new CacheLabel(CacheMode.UNSAFE).inLine()).isEqualTo("; cache unsafe: FLUSH and FUA do nothing");
    }

    @Test
    void whatAServerAnsweredIsToldInWords() {
        assertThat(of(Map.of())).as("an older server").isEqualTo("writeback");
        assertThat(of(Map.of("cache", "unsafe"))).startsWith("unsafe: FLUSH and FUA do nothing; a crash");
        assertThat(of(Map.of("cache", "writethrough"))).as("a newer server").isEqualTo("writethrough");
        Map<String, Object> live = Map.of(
                "cache",
                "none",
                "members",
                List.of(Map.of("bouncedOps", 3, "patchedBlocks", 2), Map.of("bouncedOps", 4), Map.of()));
        assertThat(of(live))
                .isEqualTo(
                        "none: 7 unaligned member operations were copied, 2 blocks were read before a partial write");
    }

    private static String of(Map<String, Object> answer) {
        return CacheLabel.of(FiguresCodec.decode(answer));
    }
}
