package org.kiobd.attach;

import java.util.List;

/**
 * A volume as a device of this kernel, and how to find its server again. Immutable.
 *
 * @param device its device
 * @param name name of the export, for links below /dev
 * @param identity what the device is
 * @param uris NBD URIs of its servers, tried in this order; 1 or more
 * @param connections number of connections, fixed as long as it is attached
 * @param timeoutS seconds after which a request counts as lost; 0: never
 * @param deadTimeoutS seconds for which requests wait for a server
 * @param readOnly whether the device refuses writes
 */
public record Attachment(
        KernelDevice device,
        String name,
        Identity identity,
        List<String> uris,
        int connections,
        long timeoutS,
        long deadTimeoutS,
        boolean readOnly) {
    public Attachment {
        uris = List.copyOf(uris);
        if (uris.isEmpty() || connections < 1 || timeoutS < 0 || deadTimeoutS < 1) {
            throw new IllegalArgumentException(numbers(uris, connections, timeoutS, deadTimeoutS));
        }
    }

    private static String numbers(List<String> uris, int connections, long timeoutS, long deadTimeoutS) {
        return "uris=" + uris + " connections=" + connections + " timeoutS=" + timeoutS + " deadTimeoutS="
                + deadTimeoutS;
    }

    /** Returns the same with other addresses. */
    Attachment at(List<String> newUris) {
        return new Attachment(device, name, identity, newUris, connections, timeoutS, deadTimeoutS, readOnly);
    }

    /**
     * What a user wants to attach; the other values are as in {@link Attachment}.
     *
     * @param index number N of /dev/nbdN; {@link org.kiobd.attach.netlink.NbdDriver#ANY_INDEX}: the kernel chooses
     * @param waitMs how long to wait for a server; 0: one try
     */
    public record Wish(
            List<String> uris,
            int index,
            int connections,
            long timeoutS,
            long deadTimeoutS,
            boolean readOnly,
            long waitMs) {
        public Wish {
            uris = List.copyOf(uris);
            if (uris.isEmpty() || connections < 1 || timeoutS < 0 || deadTimeoutS < 1 || waitMs < 0) {
                throw new IllegalArgumentException(numbers(uris, connections, timeoutS, deadTimeoutS));
            }
        }
    }
}
