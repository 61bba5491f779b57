package org.kiobd.cli;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.kiobd.attach.AttachException;
import org.kiobd.attach.Attachment;
import org.kiobd.attach.AttachmentFiles;
import org.kiobd.attach.KernelDevice;
import org.kiobd.manage.catalog.ServerState;
import org.kiobd.manage.catalog.VolumeCatalog;
import org.kiobd.nbd.client.NbdUri;
import org.kiobd.volume.BlockIoException;

/** What the commands of attachments share. Stateless. */
final class Attachments {
    private static final Pattern DEVICE = Pattern.compile("/dev/nbd([0-9]{1,6})");

    private static final long AGAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private Attachments() {}

    /** A call that may fail. */
    @FunctionalInterface
    interface Work<T> {
        T run() throws IOException;
    }

    /** Runs {@code work}; a failure that was written for people becomes that of the command. */
    static <T> T told(Work<T> work) throws IOException {
        try {
            return work.run();
        } catch (AccessDeniedException e) {
            throw (CommandFailure)
                    new CommandFailure(ExitCode.FAILED, "only root may look at attachments").initCause(e);
        } catch (AttachException e) {
            throw (CommandFailure) new CommandFailure(ExitCode.FAILED, String.valueOf(e.getMessage())).initCause(e);
        }
    }

    /** Returns the number of a device. */
    static int index(String path) {
        Matcher device = DEVICE.matcher(path);
        if (!device.matches()) {
            throw new CommandFailure(
                    ExitCode.USAGE, "device=" + path + " is not /dev/nbdN; nothing was changed: e.g. /dev/nbd0");
        }
        return Integer.parseInt(device.group(1));
    }

    /** Returns the device of a path, or of the volume of that name. */
    static KernelDevice device(AttachmentFiles files, String what) throws IOException {
        if (what.startsWith("/")) {
            return new KernelDevice(index(what));
        }
        for (Attachment attachment : files.all()) {
            if (attachment.name().equals(what)) {
                return attachment.device();
            }
        }
        throw new CommandFailure(
                ExitCode.FAILED, "volume=" + what + " is not attached; nothing was changed: kiobd attach --list");
    }

    /** Returns the device of a path, or of the volume of that name; it must be attached. */
    static KernelDevice attached(AttachmentFiles files, String what) throws IOException {
        KernelDevice device = device(files, what);
        if (files.of(device) == null) {
            throw new CommandFailure(
                    ExitCode.FAILED, device + " is not attached; nothing was changed: kiobd attach --list");
        }
        return device;
    }

    /**
     * Returns the URIs at which a volume of this home is served.
     *
     * @param patienceMs how long to wait for the volume and its server; 0: one look
     */
    static List<String> uris(VolumeCatalog catalog, String volume, long patienceMs) throws BlockIoException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(patienceMs);
        while (true) {
            ServerState server = catalog.exists(volume) ? catalog.server(volume) : null;
            if (server != null && !server.uris().isEmpty()) {
                return withoutTls(server.uris());
            }
            if (System.nanoTime() - deadline >= 0) {
                // Tells apart what is not there.
                catalog.load(volume);
                throw new CommandFailure(
                        ExitCode.FAILED,
                        "volume=" + volume + " is not served; nothing was attached: kiobd serve " + volume + " first");
            }
            LockSupport.parkNanos(AGAIN_NANOS);
        }
    }

    private static List<String> withoutTls(List<String> uris) {
        List<String> plain =
                uris.stream().filter(uri -> !NbdUri.parse(uri).tls()).toList();
        if (plain.isEmpty()) {
            throw noTls(uris.get(0));
        }
        return plain;
    }

    /** Returns the failure for a URI that needs TLS. */
    static CommandFailure noTls(String uri) {
        return new CommandFailure(
                ExitCode.FAILED,
                uri + ": the kernel's client has no TLS; nothing was attached: the server must listen without it, too");
    }

    static Map<String, Object> json(Attachment attachment, long sizeBytes, boolean isConnected) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("device", attachment.device().toString());
        json.put("identity", attachment.identity().text());
        json.put("sizeBytes", sizeBytes);
        json.put("attached", isConnected);
        json.put("uris", attachment.uris());
        json.put("connections", attachment.connections());
        json.put("timeoutS", attachment.timeoutS());
        json.put("deadTimeoutS", attachment.deadTimeoutS());
        json.put("readOnly", attachment.readOnly());
        return json;
    }
}
