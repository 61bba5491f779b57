package org.kiobd.store.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.kiobd.store.MemberCopy;
import org.kiobd.store.MemberPort;
import org.kiobd.store.MemberStore;
import org.kiobd.store.MemberUri;
import org.kiobd.store.StoreSubject;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.loop.IoLoop;
import org.kiobd.volume.loop.IoLoops;
import org.kiobd.volume.testkit.Seeded;
import org.kiobd.volume.testkit.TestLoops;

/** A copy has what the member had when it was fixed; then both go on, and neither sees the other, nor misses it when it is deleted. */
@Tag("one-lane")
class RocksCopyTest {
    private static final int SIZE_BYTES = 4 << 20;
    private static final RocksMemberStoreProvider PROVIDER = new RocksMemberStoreProvider();

    private final IoLoops loops = new IoLoops(IoEngine.NIO, 1);
    private final IoLoop loop = loops.all().get(0);

    @TempDir
    private Path folder;

    @AfterEach
    void close() {
        loops.close();
    }

    /** An open member and what it should have. */
    private final class Side {
        private final MemberUri uri;
        private final byte[] expected;
        private MemberStore store;
        private MemberPort port;

        Side(MemberStore store, byte[] expected) {
            this.uri = store.uri();
            this.store = store;
            this.expected = expected;
            this.port = TestLoops.call(loop, () -> store.port(loop));
        }

        void change(Random random) {
            int at = random.nextInt(SIZE_BYTES);
            int bytes = Math.min(SIZE_BYTES - at, 1 + random.nextInt(200_000));
            if (random.nextInt(4) > 0) {
                // Mostly whole blocks.
                at = at / 4096 * 4096;
                bytes = Math.min(SIZE_BYTES - at, (bytes + 4095) / 4096 * 4096);
            }
            Kiobuf request = switch (random.nextInt(5)) {
                case 0 -> new Kiobuf(loop, Op.WRITE_ZEROES, at, bytes);
                case 1 -> new Kiobuf(loop, Op.FLUSH, 0, 0);
                default -> {
                    byte[] data = new byte[bytes];
                    random.nextBytes(data);
                    System.arraycopy(data, 0, expected, at, bytes);
                    yield StoreSubject.writeOf(loop, at, data);
                }
            };
            if (request.op() == Op.WRITE_ZEROES) {
                Arrays.fill(expected, at, at + bytes, (byte) 0);
            }
            assertThat(StoreSubject.run(loop, port, request).error()).isNull();
        }

        void changeOften(Random random) {
            for (int i = random.nextInt(30); i >= 0; i--) {
                change(random);
            }
        }

        void check() {
            byte[] found = new byte[SIZE_BYTES];
            assertThat(StoreSubject.readInto(loop, port, 0, found).error()).isNull();
            assertThat(found).isEqualTo(expected);
        }

        void reopen() throws Exception {
            close();
            store = PROVIDER.open(uri, false);
            port = TestLoops.call(loop, () -> store.port(loop));
        }

        void close() throws Exception {
            TestLoops.call(loop, () -> {
                port.close();
                return true;
            });
            store.close();
        }
    }

    private void bothGoOn(String options, Random random) throws Exception {
        Path place = Files.createTempDirectory(folder, "pair");
        MemberUri from = MemberUri.parse("rocksdb:" + place.resolve("from") + options);
        Side original = new Side(PROVIDER.create(from, SIZE_BYTES), new byte[SIZE_BYTES]);
        original.changeOften(random);
        if (random.nextBoolean()) {
            original.reopen();
        }
        MemberUri to = MemberUri.parse("rocksdb:" + place.resolve("to"));
        byte[] fixed;
        try (MemberCopy copy = original.store.copyTo(to)) {
            original.changeOften(random);
            copy.approach();
            original.changeOften(random);
            copy.fix();
            fixed = original.expected.clone();
            original.changeOften(random);
            copy.complete();
            original.changeOften(random);
        }
        Side copy = new Side(PROVIDER.open(to, false), fixed);
        copy.check();
        original.check();
        for (int round = 0; round < 4; round++) {
            Side one = random.nextBoolean() ? original : copy;
            one.changeOften(random);
            if (random.nextBoolean()) {
                one.reopen();
            }
            original.check();
            copy.check();
        }
        Side gone = random.nextBoolean() ? original : copy;
        Side left = gone == original ? copy : original;
        gone.close();
        PROVIDER.delete(gone.uri);
        left.reopen();
        left.changeOften(random);
        left.check();
        left.reopen();
        left.check();
        left.close();
    }

    @Seeded(rounds = 3)
    void aCopyAndItsOriginalGoOnInDataFiles(Random random) throws Exception {
        bothGoOn("?data=files", random);
    }

    @Seeded(rounds = 1)
    void aCopyAndItsOriginalGoOnInDatabases(Random random) throws Exception {
        bothGoOn("?data=database", random);
    }
}
