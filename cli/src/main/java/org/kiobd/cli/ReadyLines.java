package org.kiobd.cli;

import java.net.URI;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.kiobd.nbd.Listener;
import org.kiobd.store.CacheMode;
import org.kiobd.volume.loop.IoEngine;

/**
 * Prints the lines that a server prints once it accepts connections: scripts wait for them, and users copy the attach command from them.
 */
final class ReadyLines {
    private final CommonOptions common;
    private final IoEngine engine;
    private final CacheMode cache;
    private final NbdClientLine attachCommand;

    ReadyLines(CommonOptions common, IoEngine engine, CacheMode cache, TlsOptions tls) {
        this.common = common;
        this.engine = engine;
        this.cache = cache;
        this.attachCommand = tls.attachCommand();
    }

    /** Prints an entry for each volume on each listener. */
    void print(List<Listener> listeners, List<String> volumes) {
        for (Listener listener : listeners) {
            for (String volume : volumes) {
                URI uri = listener.uri(volume);
                String attach = attachCommand.text(listener, volume);
                if (common.isJson()) {
                    Map<String, Object> json = new LinkedHashMap<>();
                    json.put("event", "ready");
                    json.put("volume", volume);
                    json.put("uri", uri.toString());
                    json.put("attach", attach);
                    json.put("engine", engine.toString());
                    json.put("cache", cache.toString());
                    common.print(CommonOptions.toJson(json));
                } else {
                    common.print("ready " + uri + new CacheLabel(cache).behindReady());
                    common.print("  " + attach);
                }
            }
        }
    }
}
