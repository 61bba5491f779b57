package org.kiobd.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.kiobd.attach.AttachException;
import org.kiobd.attach.Attacher;
import org.kiobd.attach.Attachment;
import org.kiobd.attach.AttachmentFiles;
import org.kiobd.attach.SavedWishes;
import org.kiobd.attach.SupervisorLock;
import org.kiobd.attach.netlink.NbdDriver;
import org.kiobd.nbd.client.NbdUri;
import org.kiobd.store.file.SystemErrors;
import org.kiobd.volume.BlockIoException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kiobd attach}: makes a volume a block device of this kernel. */
@Command(
        name = "attach",
        description = {
            "Attach a volume as /dev/nbdN of this machine, for mkfs and mount.",
            "When its server goes away, requests wait until it is back; nothing fails meanwhile."
        },
        sortOptions = false,
        footer = {
            "",
            "A volume that is attached already is left as it is. Several URIs of one",
            "volume are tried in turn.",
            "With -C 1, a slow answer is waited for, and requests that were under way",
            "when a server was killed are sent again within seconds. -C N can be faster,",
            "but needs --timeout: a connection that does not answer for that time is given",
            "up, and requests of a killed server are sent again only then."
        })
final class AttachCommand implements Callable<Integer> {
    private static final int MOST_CONNECTIONS = 16;
    private static final int SEVERAL_TIMEOUT_S = 60;

    @Mixin
    private CommonOptions common;

    @Parameters(
            paramLabel = "VOLUME|URI|/dev/nbdN",
            arity = "0..*",
            description = "a volume that is served here, or its NBD URIs; and the device (default: a free one)")
    private List<String> words = List.of();

    @Option(names = "--list", description = "list the attachments")
    private boolean list;

    @Option(
            names = {"-C", "--connections"},
            paramLabel = "N",
            defaultValue = "1",
            description = "number of connections (default: ${DEFAULT-VALUE})")
    private int connections;

    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            converter = Durations.class,
            description = "when a request counts as lost (default: never; 60s with -C 2 or more)")
    private @Nullable Duration timeout;

    @Option(
            names = "--dead-timeout",
            paramLabel = "TIME",
            defaultValue = "1d",
            converter = Durations.class,
            description = "how long requests wait for a server before they fail (default: ${DEFAULT-VALUE})")
    private Duration deadTimeout;

    @Option(names = "--read-only", description = "refuse writes")
    private boolean readOnly;

    @Option(
            names = "--wait",
            paramLabel = "TIME",
            defaultValue = "0s",
            converter = Durations.class,
            description = "how long to wait now until the volume is served (default: ${DEFAULT-VALUE})")
    private Duration patience;

    @Option(names = "--persist", description = "also save this, for attach --saved")
    private boolean persist;

    @Option(
            names = "--saved",
            paramLabel = "NAME",
            description = "attach what --persist has saved under the name of the volume")
    private @Nullable String saved;

    @Override
    public Integer call() throws IOException {
        Attacher attacher = new Attacher(new AttachmentFiles(AttachmentFiles.DEFAULT));
        if (list) {
            requireAlone("--list");
            return list(attacher);
        }
        if (saved != null) {
            requireAlone("--saved");
        }
        SavedWishes wishes = new SavedWishes(SavedWishes.DEFAULT);
        String name = saved;
        Attachment.Wish wish = name == null ? wish() : Attachments.told(() -> wishes.load(name, patience.toMillis()));
        Attacher.Attached attached = Attachments.told(() -> attacher.attach(wish, SupervisorProcess::start));
        if (attached.wasThere()) {
            SupervisorProcess.start();
        }
        Attachment made = attached.attachment();
        if (persist) {
            try {
                wishes.save(made.name(), wish);
            } catch (IOException e) {
                throw new CommandFailure(
                        ExitCode.FAILED,
                        made.device() + " is attached, but was not saved in " + SavedWishes.DEFAULT + ": "
                                + (e instanceof AttachException ? e.getMessage() : SystemErrors.describe(e)));
            }
        }
        String how = attached.wasThere() ? "was attached already: " : "attached ";
        common.answer(
                how + made.identity() + " as " + made.device() + ", " + Sizes.format(attached.sizeBytes()),
                Attachments.json(made, attached.sizeBytes(), true));
        return ExitCode.OK;
    }

    private void requireAlone(String option) {
        if (!words.isEmpty()) {
            throw new CommandFailure(
                    ExitCode.USAGE, option + " and " + words.get(0) + " exclude each other; nothing was attached");
        }
    }

    private Attachment.Wish wish() throws BlockIoException {
        List<String> uris = new ArrayList<>();
        int index = NbdDriver.ANY_INDEX;
        for (String word : words) {
            if (word.startsWith("/dev/")) {
                index = Attachments.index(word);
            } else if (word.contains("://")) {
                uris.add(uri(word));
            } else {
                uris.addAll(Attachments.uris(common.catalog(), word, patience.toMillis()));
            }
        }
        if (uris.isEmpty()) {
            throw new CommandFailure(
                    ExitCode.USAGE, "no volume is named; nothing was attached: kiobd attach VOLUME, or its NBD URI");
        }
        if (connections < 1 || connections > MOST_CONNECTIONS) {
            throw new CommandFailure(
                    ExitCode.USAGE,
                    "-C=" + connections + " is not 1 to " + MOST_CONNECTIONS + "; nothing was attached");
        }
        if (timeout != null && !timeout.isZero() && timeout.toSeconds() == 0) {
            throw new CommandFailure(
                    ExitCode.USAGE, "--timeout=" + timeout.toMillis() + "ms is less than 1s; nothing was attached");
        }
        long timeoutS = timeout == null ? connections == 1 ? 0 : SEVERAL_TIMEOUT_S : timeout.toSeconds();
        if (connections > 1 && timeoutS == 0) {
            throw new CommandFailure(
                    ExitCode.USAGE,
                    "-C=" + connections
                            + " needs a --timeout of 1s or more, longer than the slowest answer; nothing was"
                            + " attached");
        }
        return new Attachment.Wish(
                uris,
                index,
                connections,
                timeoutS,
                Math.max(1, deadTimeout.toSeconds()),
                readOnly,
                patience.toMillis());
    }

    private static String uri(String word) {
        NbdUri uri;
        try {
            uri = NbdUri.parse(word);
        } catch (IllegalArgumentException e) {
            throw new CommandFailure(ExitCode.USAGE, e.getMessage() + "; nothing was attached");
        }
        if (uri.tls()) {
            throw Attachments.noTls(word);
        }
        Path socket = uri.socket();
        if (socket != null && !socket.isAbsolute()) {
            throw new CommandFailure(
                    ExitCode.USAGE, "socket=" + socket + " is not an absolute path; nothing was attached");
        }
        return word;
    }

    private int list(Attacher attacher) throws IOException {
        List<Attacher.Listed> all = Attachments.told(attacher::list);
        List<List<String>> rows = new ArrayList<>();
        List<Map<String, Object>> json = new ArrayList<>();
        for (Attacher.Listed one : all) {
            Attachment attachment = one.attachment();
            rows.add(List.of(
                    attachment.device().toString(),
                    Sizes.format(one.sizeBytes()),
                    one.isConnected() ? "attached" : "lost",
                    attachment.identity().text(),
                    String.join(" ", attachment.uris())));
            json.add(Attachments.json(attachment, one.sizeBytes(), one.isConnected()));
        }
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("attachments", json);
        Long supervisor = SupervisorLock.holder(SupervisorLock.DEFAULT);
        answer.put("supervisorPid", supervisor);
        common.answer(
                rows.isEmpty()
                        ? "nothing is attached; kiobd attach VOLUME attaches a volume"
                        : Answers.table(List.of("DEVICE", "SIZE", "STATE", "VOLUME", "SERVERS"), rows),
                answer);
        if (!rows.isEmpty() && supervisor == null) {
            common.complain("attachd does not run, so no device gets its server back: kiobd reattach starts it");
        }
        return ExitCode.OK;
    }
}
