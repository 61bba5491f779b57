package org.kiobd.raid;

import org.kiobd.store.MemberStore;
import org.kiobd.volume.IoError;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The {@link ArrayState} of one open array, and the events that change it. Owned by an {@link ArrayDevice}; any thread. */
final class ArrayStatus {
    private static final Logger LOG = LoggerFactory.getLogger(ArrayStatus.class);

    private final String device;
    private final Object lock = new Object();
    private volatile ArrayState state = ArrayState.ACTIVE;

    /** @param device name of the device, for messages */
    ArrayStatus(String device) {
        this.device = device;
    }

    ArrayState state() {
        return state;
    }

    /**
     * Handles a failed sync. Unless the member still has the unsynced data, all writes and flushes fail until the device is opened again.
     *
     * @param index index of {@code member}, for messages
     */
    void syncFailed(int index, MemberStore member, IoError error) {
        if (!member.isSyncFailureFinal(error)) {
            return;
        }
        synchronized (lock) {
            if (!state.acceptsWrites()) {
                return;
            }
            moveTo(ArrayState.FAILED);
        }
        LOG.error(
                "device={} member={}: sync failed; writes and flushes are refused until the volume is opened again, reads go on",
                device,
                index);
    }

    /** Notes that the array is closed, once; returns the state it had until now. */
    ArrayState closed() {
        return moveTo(ArrayState.CLOSED);
    }

    private ArrayState moveTo(ArrayState next) {
        synchronized (lock) {
            ArrayState before = state;
            if (!before.canMoveTo(next)) {
                throw new IllegalStateException("device=" + device + ": state=" + before + " cannot become " + next);
            }
            state = next;
            return before;
        }
    }
}
