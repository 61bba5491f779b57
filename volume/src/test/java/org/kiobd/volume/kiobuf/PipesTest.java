package org.kiobd.volume.kiobuf;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.kiobd.volume.testkit.LeakCheck;

/** Who opens pipes, keeps them and closes them. */
@ExtendWith(LeakCheck.class)
final class PipesTest {
    private final Pipes pipes = new Pipes();

    private Pipe take() {
        return Objects.requireNonNull(pipes.take());
    }

    @Test
    void anEmptyPipeIsUsedAgainAndAFilledOneIsNot() {
        Pipe first = take();
        pipes.giveBack(first);
        assertThat(take()).isSameAs(first);
        ByteBuf data = Unpooled.directBuffer(100).writeZero(100);
        assertThat(first.fill(data, 100)).isEqualTo(100);
        data.release();
        pipes.giveBack(first);
        assertThat(pipes.free()).isZero();
        pipes.close();
    }

    @Test
    void closingEndsThePipesAlsoThoseInUse() {
        Pipe used = take();
        Pipe free = take();
        pipes.giveBack(free);
        pipes.close();
        assertThat(pipes.free()).isZero();
        assertThat(pipes.take()).isNull();
        assertThat(Pipes.inUse()).isEqualTo(1);
        pipes.giveBack(used);
        assertThat(pipes.free()).as("closed instead of kept").isZero();
        ByteBuf data = Unpooled.directBuffer(1).writeZero(1);
        assertThat(used.fill(data, 1)).as("its descriptor is closed").isNegative();
        data.release();
    }

    /** The leak check of the tests looks at one number. */
    @Test
    void thePipesInUseOfAllPoolsAreCounted() {
        Pipes others = new Pipes();
        Pipe here = take();
        Pipe there = Objects.requireNonNull(others.take());
        assertThat(Pipes.inUse()).isEqualTo(2);
        pipes.giveBack(here);
        others.giveBack(there);
        assertThat(Pipes.inUse()).isZero();
        pipes.close();
        others.close();
    }

    @Test
    void aPoolHasALimit() {
        Pipe[] taken = new Pipe[Pipes.MAX];
        for (int i = 0; i < Pipes.MAX; i++) {
            taken[i] = take();
        }
        assertThat(pipes.take()).isNull();
        for (Pipe pipe : taken) {
            pipes.giveBack(pipe);
        }
        assertThat(pipes.free()).isEqualTo(Pipes.MAX);
        pipes.close();
    }
}
