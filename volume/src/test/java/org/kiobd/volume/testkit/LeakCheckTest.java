package org.kiobd.volume.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import org.junit.jupiter.api.Test;

/** The check that finds leaks finds one. */
class LeakCheckTest {
    @Test
    void i5_aBufferThatNobodyReleasedIsALeak() {
        assertThat(leak()).isEqualTo(1);
        assertThatThrownBy(() -> {
                    LeakCheck.look();
                    LeakCheck.lookHard();
                })
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("buffers were leaked");
    }

    @Test
    void oneThatWasReleasedIsNone() {
        PooledByteBufAllocator.DEFAULT.directBuffer(16).writeByte(1).release();
        assertThatCode(() -> {
                    LeakCheck.look();
                    LeakCheck.lookHard();
                })
                .doesNotThrowAnyException();
    }

    /** In a method of its own, so that no register still holds it. */
    private static int leak() {
        ByteBuf leaked = PooledByteBufAllocator.DEFAULT.directBuffer(16).writeByte(1);
        return leaked.readableBytes();
    }
}
