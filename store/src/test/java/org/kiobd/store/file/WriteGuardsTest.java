package org.kiobd.store.file;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.kiobd.store.file.WriteGuards.Claim;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.loop.IoLoop;
import org.kiobd.volume.loop.IoLoops;
import org.kiobd.volume.testkit.TestLoops;

/** Who waits for whom. */
class WriteGuardsTest {
    private final IoLoops loops = new IoLoops(IoEngine.NIO, 1);
    private final IoLoop loop = loops.all().get(0);
    private final WriteGuards guards = new WriteGuards();
    private final List<String> granted = new ArrayList<>();

    @AfterEach
    void end() {
        loops.close();
    }

    private Claim claim(String name, long startBytes, long endBytes, boolean alone) {
        return new Claim(startBytes, endBytes, alone, loop, () -> granted.add(name));
    }

    private List<String> granted() {
        return TestLoops.call(loop, () -> List.copyOf(granted));
    }

    @Test
    void wholeBlocksShareWhatPartsDoNot() {
        Claim whole = claim("whole", 0, 8192, false);
        Claim other = claim("other", 4096, 12_288, false);
        Claim part = claim("part", 4096, 8192, true);
        Claim beside = claim("beside", 12_288, 16_384, true);
        assertThat(guards.take(whole)).isTrue();
        assertThat(guards.take(other)).isTrue();
        assertThat(guards.take(part)).isFalse();
        assertThat(guards.take(beside)).isTrue();
        guards.release(whole);
        assertThat(granted()).isEmpty();
        guards.release(other);
        assertThat(granted()).containsExactly("part");
        guards.release(part);
        guards.release(beside);
        assertThat(guards.claims()).isZero();
    }

    @Test
    void nobodyOvertakesWhoWaitsInTheSameRange() {
        Claim first = claim("first", 0, 4096, false);
        Claim part = claim("part", 0, 4096, true);
        Claim behind = claim("behind", 0, 8192, false);
        assertThat(guards.take(first)).isTrue();
        assertThat(guards.take(part)).isFalse();
        assertThat(guards.take(behind)).isFalse();
        guards.release(first);
        assertThat(granted()).containsExactly("part");
        guards.release(part);
        assertThat(granted()).containsExactly("part", "behind");
        guards.release(behind);
        assertThat(guards.claims()).isZero();
    }
}
