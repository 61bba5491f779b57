package org.kiobd.raid;

import java.util.ArrayList;
import java.util.List;
import org.kiobd.store.MemberOp;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Charges the failures of member operations to exactly the affected originals, whatever the layout. The bytes before the failure are good.
 * If the operation has several originals, the rest is sent again once, each original as its own operation, because the member reported
 * where it stopped, not which other bytes are bad; reads and writes may be repeated. A sync must not be repeated: the kernel drops dirty
 * pages when a sync fails, and the next sync would succeed without them. Owned by an {@link ArrayPort}; confined to its loop.
 */
final class ErrorAttribution {
    private static final Logger LOG = LoggerFactory.getLogger(ErrorAttribution.class);

    private final ArrayDevice device;
    private final MemberIssuer issuer;

    ErrorAttribution(ArrayDevice device, MemberIssuer issuer) {
        this.device = device;
        this.issuer = issuer;
    }

    static boolean isSync(MemberOp op) {
        return op.op() == Op.FLUSH || op.has(Kiobuf.FUA);
    }

    /** Handles a failed operation: charges its originals and ends their slices, now or after their bytes were sent again. */
    void memberOpFailed(MemberOp op, IoError error) {
        if (LOG.isWarnEnabled()) {
            LOG.warn(
                    "device={} member={} {}: {} after {} bytes",
                    device.info().name(),
                    op.member(),
                    op,
                    error,
                    op.doneBytes());
        }
        boolean syncFailed = isSync(op) && op.doneBytes() == op.lengthBytes();
        if (syncFailed) {
            device.syncFailed(op.member(), error);
            chargeAll(op, 0, error);
            return;
        }
        // A store that reports an error although all bytes are done, and not for a sync, contradicts itself: no byte
        // counts as good.
        long doneBytes = op.doneBytes() < op.lengthBytes() ? op.doneBytes() : 0;
        boolean single = op.original(0) == op.original(op.entries() - 1);
        if (single) {
            chargeAll(op, doneBytes, error);
        } else {
            sendAgain(op, doneBytes);
        }
    }

    private void sendAgain(MemberOp op, long doneBytes) {
        List<MemberOp> again = new ArrayList<>();
        int first = 0;
        long startBytes = 0;
        while (first < op.entries()) {
            int end = first;
            long endBytes = startBytes;
            while (end < op.entries() && op.original(end) == op.original(first)) {
                endBytes += op.entryLengthBytes(end++);
            }
            if (endBytes <= doneBytes) {
                op.original(first).endSlice();
            } else {
                again.add(op.part(first, end, Math.max(0, doneBytes - startBytes)));
            }
            first = end;
            startBytes = endBytes;
        }
        issuer.reissue(op, again);
    }

    /**
     * Ends the slices of all originals of an operation. Each original fails at its first byte on this member that is not below {@code
     * doneBytes}.
     */
    void chargeAll(MemberOp op, long doneBytes, IoError error) {
        int entries = op.entries();
        long startBytes = 0;
        boolean charged = false;
        for (int i = 0; i < entries; i++) {
            Kiobuf original = op.original(i);
            boolean lastOfOriginal = i + 1 == entries || op.original(i + 1) != original;
            long endBytes = startBytes + op.entryLengthBytes(i);
            if (!charged && (endBytes > doneBytes || lastOfOriginal)) {
                charge(original, failedAtBytes(op, original, Math.max(doneBytes, startBytes)), error);
                charged = true;
            }
            if (lastOfOriginal) {
                original.endSlice();
                charged = false;
            }
            startBytes = endBytes;
        }
    }

    /**
     * Returns the offset in {@code original} of byte {@code atBytes} of the operation; an entry of a range operation skips the chunks of
     * other members.
     */
    private long failedAtBytes(MemberOp op, Kiobuf original, long atBytes) {
        return op.op() == Op.FLUSH
                ? 0
                : device.personality().deviceOffsetBytes(op.member(), op.offsetBytes() + atBytes)
                        - original.offsetBytes();
    }

    private void charge(Kiobuf original, long atBytes, IoError error) {
        if (original.failure() == null) {
            PortCounters.add(issuer.counters().failedRequests, 1);
        }
        original.charge(atBytes, error);
    }
}
