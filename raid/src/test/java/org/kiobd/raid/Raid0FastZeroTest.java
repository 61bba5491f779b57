package org.kiobd.raid;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.kiobd.raid.TestArray.Shape;
import org.kiobd.store.MemberStore;
import org.kiobd.store.testkit.PlainZeroMemberStore;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.testkit.LeakCheck;
import org.kiobd.volume.testkit.ManualLoop;
import org.kiobd.volume.testkit.TestRequest;

/** FAST_ZERO: at once everywhere, or refused with nothing touched. */
@ExtendWith(LeakCheck.class)
class Raid0FastZeroTest {
    private static final int[] FLAGS = {Kiobuf.FAST_ZERO, Kiobuf.FAST_ZERO | Kiobuf.NO_HOLE};
    private static final int CHUNK_BYTES = 100;

    private final ManualLoop loop = new ManualLoop();
    private final Random random = new Random(5);

    private static ArrayDevice device(Shape shape, int plainMember) {
        List<MemberStore> members = shape.members(store -> store);
        if (plainMember >= 0) {
            members.set(plainMember, new PlainZeroMemberStore(members.get(plainMember)));
        }
        return TestArray.device(shape.layout(), members, shape.capacityBytes(), 64);
    }

    private TestRequest run(ArrayDevice device, TestRequest request) {
        device.submit(request.chain());
        assertThat(request.completions()).isEqualTo(1);
        return request;
    }

    private byte[] filled(ArrayDevice device) {
        byte[] data = new byte[(int) device.sizeBytes()];
        random.nextBytes(data);
        assertThat(run(device, TestRequest.write(loop, 0, data, random)).error())
                .isNull();
        return data;
    }

    private byte[] all(ArrayDevice device) {
        return run(device, TestRequest.read(loop, 0, (int) device.sizeBytes(), random))
                .data();
    }

    private TestRequest zeroes(ArrayDevice device, int flags) {
        return run(
                device,
                TestRequest.range(loop, Op.WRITE_ZEROES, 50, 4 * CHUNK_BYTES).flags(flags));
    }

    @Test
    void whereOneMemberIsNotFastNoneIsTouched() {
        for (int plain = 0; plain < 3; plain++) {
            ArrayDevice device = device(new Shape(3, CHUNK_BYTES, 4), plain);
            byte[] data = filled(device);
            for (int flags : FLAGS) {
                assertThat(zeroes(device, flags).error()).isEqualTo(IoError.NOT_SUPPORTED);
                assertThat(all(device)).isEqualTo(data);
            }
            assertThat(zeroes(device, 0).error()).isNull();
            Arrays.fill(data, 50, 50 + 4 * CHUNK_BYTES, (byte) 0);
            assertThat(all(device)).isEqualTo(data);
        }
    }

    @Test
    void theOnlyMemberAnswersForItself() {
        ArrayDevice device = device(new Shape(1, CHUNK_BYTES, 8), 0);
        byte[] data = filled(device);
        for (int flags : FLAGS) {
            assertThat(zeroes(device, flags).error()).isEqualTo(IoError.NOT_SUPPORTED);
            assertThat(all(device)).isEqualTo(data);
        }
    }

    @Test
    void whereAllAreFastItIsDone() {
        for (int flags : FLAGS) {
            ArrayDevice device = device(new Shape(3, CHUNK_BYTES, 4), -1);
            byte[] data = filled(device);
            assertThat(zeroes(device, flags).error()).isNull();
            Arrays.fill(data, 50, 50 + 4 * CHUNK_BYTES, (byte) 0);
            assertThat(all(device)).isEqualTo(data);
        }
    }
}
