package org.kiobd.attach.netlink;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.kiobd.volume.testkit.Seeded;

/** Attributes are laid out as the kernel reads them, and what it sends is read whatever it is. */
final class AttributesTest {
    @Test
    void eachAttributeBeginsAtFourBytes() {
        ByteBuffer bytes = new Attributes().text(10, "ab").u32(1, 7).bytes();
        assertThat(bytes.remaining()).isEqualTo(8 + 8);
        ByteBuffer in = bytes.slice().order(ByteOrder.nativeOrder());
        assertThat(in.getShort()).as("length without padding").isEqualTo((short) 7);
        assertThat(in.getShort()).isEqualTo((short) 10);
        assertThat(in.get()).isEqualTo((byte) 'a');
        assertThat(in.position(8).getShort()).isEqualTo((short) 8);
    }

    @Test
    void whatIsWrittenIsRead() {
        ByteBuffer bytes = new Attributes()
                .u32(1, 4711)
                .u64(2, 1L << 40)
                .text(10, "kiobd:x")
                .nest(7, all -> all.nest(1, one -> one.u32(1, 5)).nest(1, one -> one.u32(1, 6)))
                .bytes();
        Attributes.Received received = new Attributes.Received(bytes);
        assertThat(received.number(1, -1)).isEqualTo(4711);
        assertThat(received.number(3, -1)).isEqualTo(-1);
        assertThat(received.number(2, -1)).as("no number of 8 bytes").isEqualTo(-1);
        assertThat(received.text(10)).isEqualTo("kiobd:x");
        assertThat(received.text(11)).isNull();
        assertThat(received.nested(7).items())
                .extracting(one -> one.number(1, -1))
                .containsExactly(5, 6);
    }

    @Test
    void manyAttributesFit() {
        Attributes attributes = new Attributes();
        for (int i = 0; i < 2000; i++) {
            attributes.text(i, "text " + i);
        }
        Attributes.Received received = new Attributes.Received(attributes.bytes());
        assertThat(received.text(1999)).isEqualTo("text 1999");
    }

    @Seeded(rounds = 20)
    void anyBytesAreRead(Random random) {
        byte[] bytes = new byte[random.nextInt(200)];
        random.nextBytes(bytes);
        Attributes.Received received = new Attributes.Received(ByteBuffer.wrap(bytes));
        received.items().forEach(one -> one.text(0));
        for (int type = 0; type < 20; type++) {
            received.number(type, 0);
            received.text(type);
            received.nested(type);
        }
    }
}
