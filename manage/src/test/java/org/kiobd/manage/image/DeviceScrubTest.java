package org.kiobd.manage.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.kiobd.volume.BlockDevice;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.IoError;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.loop.IoLoops;
import org.kiobd.volume.testkit.FaultyBlockDevice;
import org.kiobd.volume.testkit.ModelDevice;
import org.kiobd.volume.testkit.Seeded;

final class DeviceScrubTest {
    private static final int SIZE_BYTES = 4 << 20;
    private static final int BLOCK_BYTES = 4096;
    private static final int BLOCKS = SIZE_BYTES / BLOCK_BYTES;

    /** Whoever resumes begins where the last {@code done} was: bad blocks that were not reported by then must be read again. */
    @Seeded(rounds = 20)
    void progressDoesNotPassBadBlocksThatAreNotReported(Random random) throws BlockIoException {
        int first = random.nextInt(BLOCKS);
        int blocks = 1 + random.nextInt(Math.min(600, BLOCKS - first));
        ByteRange bad = new ByteRange((long) first * BLOCK_BYTES, (long) blocks * BLOCK_BYTES);
        List<ByteRange> reported = new ArrayList<>();
        List<Long> ends = new ArrayList<>();
        BlockDevice device = new FaultyBlockDevice(new ModelDevice(SIZE_BYTES), bad, IoError.IO);
        try (IoLoops loops = new IoLoops(IoEngine.NIO, 1)) {
            DeviceScrub.Listener listener = new DeviceScrub.Listener() {
                @Override
                public void done(long endBytes, long bytes) {
                    ends.add(endBytes);
                    assertThat(reported.isEmpty() && endBytes > bad.offsetBytes())
                            .as("endBytes=%d before %s was reported", endBytes, bad)
                            .isFalse();
                }

                @Override
                public void bad(ByteRange range, IoError error) {
                    reported.add(range);
                }
            };
            new DeviceScrub(new DeviceAccess(device, loops.next()), 0, listener).run(0);
        }
        assertThat(reported).containsExactly(bad);
        assertThat(ends).isSorted();
    }
}
