package org.kiobd.cli;

import java.util.Map;
import java.util.concurrent.Callable;
import org.kiobd.cli.control.ControlClient;
import org.kiobd.manage.catalog.ServerState;
import org.kiobd.manage.catalog.VolumeCatalog;
import org.kiobd.manage.catalog.VolumeLock;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kiobd resize}: makes a volume larger, while it is served or not. */
@Command(name = "resize", description = "Make a volume larger, also while it is served.", sortOptions = false)
final class ResizeCommand implements Callable<Integer> {
    /** The server makes every member longer and syncs it before it answers. */
    private static final int TIMEOUT_MS = 60_000;

    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "NAME")
    private String name;

    @Option(
            names = "--size",
            required = true,
            paramLabel = "SIZE",
            converter = Sizes.class,
            description = "the new size, more than the old one")
    private long sizeBytes;

    @Override
    public Integer call() throws BlockIoException {
        VolumeCatalog catalog = common.catalog();
        SnapshotName.refuse(name);
        ServerState server = catalog.server(name);
        if (server != null) {
            new ControlClient(name, server, TIMEOUT_MS).ask(Map.of("command", "resize", "sizeBytes", sizeBytes));
        } else {
            try (VolumeLock lock = catalog.lock(name)) {
                catalog.save(common.assembler().grow(catalog.load(name), sizeBytes));
            }
        }
        VolumeManifest resized = catalog.load(name);
        common.answer(Answers.line("resized", resized), Answers.json(resized));
        return ExitCode.OK;
    }
}
