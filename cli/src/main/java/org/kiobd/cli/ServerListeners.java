package org.kiobd.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.kiobd.manage.control.PrivateFolder;
import org.kiobd.nbd.Listener;
import org.kiobd.nbd.NbdServer;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens the sockets of a server, according to its options. Used by the main thread, once. */
final class ServerListeners {
    private static final Logger LOG = LoggerFactory.getLogger(ServerListeners.class);

    private final ServeOptions options;
    private final RunOptions runOptions;
    private final ServerShutdown shutdown;

    /** @param shutdown removes the folder of the socket that a command of {@code --run} uses */
    ServerListeners(ServeOptions options, ServerShutdown shutdown) {
        this.options = options;
        this.runOptions = options.runOptions;
        this.shutdown = shutdown;
    }

    /** Opens all sockets, and warns about those that other machines can reach in plain text. The server closes them. */
    List<Listener> open(NbdServer server) throws BlockIoException {
        List<Listener> listeners = new ArrayList<>();
        for (int i = 0; i < runOptions.passedSockets(); i++) {
            listeners.add(server.listenInherited(RunOptions.passedFd(i)));
        }
        for (ServeOptions.Address address : options.addresses()) {
            listeners.add(server.listenTcp(address.host(), address.port()));
        }
        for (Path path : options.unix) {
            listeners.add(reachable(server.listenUnix(path), path));
        }
        if (listeners.isEmpty() && runOptions.run != null) {
            listeners.add(server.listenUnix(privateFolder().path().resolve("nbd.sock")));
        }
        if (!options.tls.isRequired()) {
            listeners.stream().filter(Listener::isPublic).forEach(ServerListeners::warn);
        }
        return listeners;
    }

    private static Listener reachable(Listener listener, Path path) throws BlockIoException {
        try {
            Umask.openSocket(path);
            return listener;
        } catch (IOException e) {
            throw new BlockIoException(IoError.IO, "--unix=" + path + ": its mode cannot be set: " + e, e);
        }
    }

    private PrivateFolder privateFolder() throws BlockIoException {
        try {
            PrivateFolder made = PrivateFolder.make();
            shutdown.removes(made);
            return made;
        } catch (IOException e) {
            throw new BlockIoException(IoError.IO, "cannot make a temporary folder: " + e.getMessage(), e);
        }
    }

    private static void warn(Listener listener) {
        LOG.warn(
                "{} can be reached from other machines, and whoever reaches it may read and write in plain text;"
                        + " --tls-certificates DIR keeps others out",
                listener);
    }
}
