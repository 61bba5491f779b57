package org.kiobd.volume.kiobuf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.kiobd.volume.testkit.Descriptor;
import org.kiobd.volume.testkit.LeakCheck;
import org.kiobd.volume.testkit.PipedPayloads;

/** The bytes of an operation, whether they are in memory or in pipes. */
@ExtendWith(LeakCheck.class)
final class PayloadTest {
    private static final int BYTES = 256 << 10;
    private static final int PAGE = 4096;

    @TempDir
    private Path folder;

    private final PagePool pool = new PagePool(1, 1);
    private final Payload payload = new Payload();

    @AfterEach
    void closePool() {
        pool.close();
    }

    private static byte[] content() {
        byte[] content = new byte[BYTES];
        new Random(3).nextBytes(content);
        return content;
    }

    @Test
    void piecesOfMemoryAndOfPipesAreReadAlike() {
        byte[] content = content();
        ByteBuf memory = Unpooled.directBuffer(BYTES).writeBytes(content);
        Fragment inMemory = Fragment.of(memory, 100, 5000);
        Fragment inPipes = Fragment.of(PipedPayloads.of(pool, content));
        payload.add(inMemory, 10, 4000);
        payload.add(inPipes, PAGE, 2 * PAGE);
        Payload part = new Payload();
        part.addPart(payload, 0, 1, 2);
        part.addPart(payload, 1, PAGE, PAGE);
        assertThat(payload.lengthBytes()).isEqualTo(4000 + 2 * PAGE);
        assertThat(payload.isInPipes()).isTrue();
        assertThat(bytes(payload, 0)).isEqualTo(Arrays.copyOfRange(content, 110, 4110));
        assertThat(payload.isInPipes()).isTrue();
        assertThat(bytes(payload, 1)).isEqualTo(Arrays.copyOfRange(content, PAGE, 3 * PAGE));
        assertThat(payload.isInPipes()).isFalse();
        assertThat(bytes(part, 0)).isEqualTo(Arrays.copyOfRange(content, 111, 113));
        assertThat(bytes(part, 1)).isEqualTo(Arrays.copyOfRange(content, 2 * PAGE, 3 * PAGE));
        inMemory.release();
        inPipes.release();
    }

    private static byte[] bytes(Payload of, int piece) {
        return ByteBufUtil.getBytes(of.memory(piece), of.memoryOffsetBytes(piece), (int) of.lengthBytes(piece));
    }

    @Test
    void onlyWhatIsInPipesIsMovedToAFile() throws IOException {
        byte[] content = content();
        Path path = Files.write(folder.resolve("file"), new byte[BYTES]);
        Fragment inMemory = Fragment.of(Unpooled.directBuffer(PAGE).writeZero(PAGE), 0, PAGE);
        Fragment inPipes = Fragment.of(PipedPayloads.of(pool, content));
        payload.add(inMemory, 0, PAGE);
        payload.add(inPipes, PAGE, BYTES - PAGE);
        try (Descriptor file = Descriptor.open(path, Descriptor.O_RDWR)) {
            assertThat(payload.moveTo(file.fd(), 0, 0, 0)).isEqualTo(Payload.IN_MEMORY);
            long skip = 0;
            while (skip < BYTES - PAGE) {
                long moved = payload.moveTo(file.fd(), skip, 1, skip);
                assertThat(moved).isPositive();
                skip += moved;
            }
        }
        assertThat(Arrays.copyOf(Files.readAllBytes(path), BYTES - PAGE))
                .isEqualTo(Arrays.copyOfRange(content, PAGE, BYTES));
        inMemory.release();
        inPipes.release();
    }

    @Test
    void whatOneOperationHandsOverIsHandedOverForAllOfTheRequest() {
        Fragment request = Fragment.of(PipedPayloads.slow(pool, content(), 3));
        Payload other = new Payload();
        payload.add(request, 0, BYTES / 2);
        other.add(request, BYTES / 2, BYTES / 2);
        assertThat(payload.cameSlowly()).isTrue();
        assertThat(other.isHandedOver()).isFalse();
        payload.handOver();
        assertThat(other.isHandedOver()).isTrue();
        request.release();
    }

    @Test
    void aPayloadIsUsedAgainWithoutWhatItHad() {
        Fragment inPipes = Fragment.of(PipedPayloads.of(pool, content()));
        payload.add(inPipes, 0, BYTES);
        payload.clear();
        payload.add(null, 0, 1L << 40);
        assertThat(payload.pieces()).isEqualTo(1);
        assertThat(payload.lengthBytes()).isEqualTo(1L << 40);
        assertThat(payload.isInPipes()).isFalse();
        assertThatThrownBy(() -> payload.memory(0)).isInstanceOf(IllegalStateException.class);
        inPipes.release();
    }
}
