package org.kiobd.volume.kiobuf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.kiobd.volume.testkit.Descriptor;
import org.kiobd.volume.testkit.LeakCheck;
import org.kiobd.volume.testkit.PipedPayloads;
import org.kiobd.volume.testkit.Seeded;

/** Bytes that go from pipes to a file, in whatever order members ask for them, and into memory where somebody wants them there. */
@ExtendWith(LeakCheck.class)
final class PipedPayloadTest {
    private static final int BYTES = 1 << 20;
    private static final int CHUNK = 64 << 10;
    private static final int EBADF = 9;

    @TempDir
    private Path folder;

    private final PagePool pool = new PagePool(1, 1);
    private Path path;
    private Descriptor descriptor;

    @BeforeEach
    void openFile() throws IOException {
        path = Files.write(folder.resolve("file"), new byte[BYTES]);
        descriptor = Descriptor.open(path, Descriptor.O_RDWR);
    }

    @AfterEach
    void closeFile() {
        descriptor.close();
        pool.close();
        assertThat(pool.pipes().free()).isZero();
    }

    private static byte[] content(Random random, int bytes) {
        byte[] content = new byte[bytes];
        random.nextBytes(content);
        return content;
    }

    /** Drains all of a range, to the same place in the file. */
    private void drain(PipedPayload payload, int at, int bytes) {
        int done = 0;
        while (done < bytes) {
            long moved = payload.drain(descriptor.fd(), at + done, at + done, bytes - done);
            assertThat(moved).isPositive();
            done += (int) moved;
        }
    }

    @Seeded
    void membersMayTakeTheirChunksInAnyOrder(Random random) throws IOException {
        byte[] content = content(random, BYTES);
        PipedPayload payload = PipedPayloads.of(pool, content);
        List<Integer> chunks = new ArrayList<>();
        for (int at = 0; at < BYTES; at += CHUNK) {
            chunks.add(at);
        }
        Collections.shuffle(chunks, random);
        chunks.forEach(at -> drain(payload, at, CHUNK));
        payload.release();
        assertThat(Files.readAllBytes(path)).isEqualTo(content);
    }

    /** As four members of a stripe do: each its chunks in order, one member after the other. */
    @Test
    void aStripeNeedsNoMemory() throws IOException {
        byte[] content = content(new Random(4), BYTES);
        PipedPayload payload = PipedPayloads.of(pool, content);
        for (int member = 0; member < 4; member++) {
            for (int at = member * CHUNK; at < BYTES; at += 4 * CHUNK) {
                drain(payload, at, CHUNK);
            }
        }
        assertThat(payload.isInMemory()).isFalse();
        assertThat(Pipes.inUse()).isBetween(2, 4);
        payload.release();
        assertThat(Files.readAllBytes(path)).isEqualTo(content);
    }

    @Seeded
    void whatIsLeftIsHadInMemory(Random random) throws IOException {
        byte[] content = content(random, 100_000);
        PipedPayload payload = PipedPayloads.of(pool, content);
        drain(payload, 30_000, 20_000);
        ByteBuf memory = payload.memory();
        assertThat(Pipes.inUse()).isZero();
        assertThat(ByteBufUtil.getBytes(memory, 0, 30_000)).isEqualTo(Arrays.copyOf(content, 30_000));
        assertThat(ByteBufUtil.getBytes(memory, 50_000, 50_000))
                .isEqualTo(Arrays.copyOfRange(content, 50_000, 100_000));
        assertThat(payload.drain(descriptor.fd(), 0, 0, 4096)).isEqualTo(PipedPayload.IN_MEMORY);
        payload.release();
        assertThat(memory.refCnt()).isZero();
        assertThat(Arrays.copyOfRange(Files.readAllBytes(path), 30_000, 50_000))
                .isEqualTo(Arrays.copyOfRange(content, 30_000, 50_000));
    }

    @Test
    void whatIsLargeAndWaitedForTimeAndAgainCameSlowly() {
        for (int waits = 0; waits < 5; waits++) {
            PipedPayload large = PipedPayloads.slow(pool, new byte[256 << 10], waits);
            assertThat(large.cameSlowly()).as("waits=%d", waits).isEqualTo(waits >= 3);
            large.release();
            PipedPayload small = PipedPayloads.slow(pool, new byte[252 << 10], waits);
            assertThat(small.cameSlowly()).isFalse();
            small.release();
        }
    }

    /** A pipe has room for so many pages, however little is in each of them. */
    @Test
    void aPipeThatIsFullIsFollowedByAnother() throws IOException {
        byte[] content = content(new Random(5), BYTES);
        PipedPayload payload = Objects.requireNonNull(PipedPayload.of(pool, BYTES));
        int step = 3000;
        for (int at = 0; at < BYTES; at += step) {
            PipedPayloads.fill(payload, content, at, Math.min(step, BYTES - at));
        }
        assertThat(Pipes.inUse()).isEqualTo(2);
        drain(payload, 0, BYTES);
        payload.release();
        assertThat(Files.readAllBytes(path)).isEqualTo(content);
    }

    @Test
    void withoutAnotherPipeTheRestIsReceivedInMemory() {
        byte[] content = content(new Random(6), BYTES);
        List<Pipe> taken = new ArrayList<>();
        PipedPayload payload = Objects.requireNonNull(PipedPayload.of(pool, BYTES));
        for (Pipe pipe = pool.pipes().take(); pipe != null; pipe = pool.pipes().take()) {
            taken.add(pipe);
        }
        assertThat(PipedPayload.of(pool, 1)).isNull();
        PipedPayloads.fill(payload, content, 0, CHUNK);
        // Its second member asks first, and there is nowhere to set the first one's bytes aside.
        assertThat(payload.drain(descriptor.fd(), 0, 4096, 4096)).isEqualTo(PipedPayload.IN_MEMORY);
        PipedPayloads.fill(payload, content, CHUNK, BYTES - CHUNK);
        assertThat(payload.missingBytes()).isZero();
        assertThat(ByteBufUtil.getBytes(payload.memory(), 0, BYTES)).isEqualTo(content);
        payload.release();
        taken.forEach(pool.pipes()::giveBack);
    }

    @Test
    void aFileThatFailsTakesNothing() {
        byte[] content = content(new Random(7), 8192);
        PipedPayload payload = PipedPayloads.of(pool, content);
        try (Descriptor readOnly = Descriptor.open(path, Descriptor.O_RDONLY)) {
            assertThat(payload.drain(readOnly.fd(), 0, 0, 8192)).isEqualTo(-EBADF);
        }
        assertThat(ByteBufUtil.getBytes(payload.memory(), 0, 8192)).isEqualTo(content);
        payload.release();
    }

    @Test
    void whatWasGivenAwayIsGone() {
        PipedPayload payload = PipedPayloads.of(pool, new byte[8192]);
        drain(payload, 0, 4096);
        assertThatThrownBy(() -> payload.drain(descriptor.fd(), 0, 0, 4096)).isInstanceOf(IllegalStateException.class);
        drain(payload, 4096, 4096);
        payload.release();
    }

    @Test
    void moreThanIsMissingIsLeftAlone() {
        PipedPayload payload = Objects.requireNonNull(PipedPayload.of(pool, 100));
        ByteBuf more = Unpooled.directBuffer(300).writeZero(300);
        payload.fill(more);
        assertThat(more.readableBytes()).isEqualTo(200);
        assertThat(payload.missingBytes()).isZero();
        payload.release();
        more.release();
    }
}
