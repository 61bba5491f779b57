package org.kiobd.nbd.client;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The requests under way, by cookie. A cookie's low bits are its place in a table at most half full; a number whose place is still taken
 * is left out, so that no two ever share one and nothing is searched. No number is given twice. Confined to the loop.
 */
final class InFlightRequests {
    private static final int FIRST_PLACES = 64;

    private @Nullable Pending[] places = new @Nullable Pending[FIRST_PLACES];
    private int size;
    private long nextCookie = 1;

    int size() {
        return size;
    }

    boolean isEmpty() {
        return size == 0;
    }

    /** A number nothing is under way with. */
    long unusedCookie() {
        while (places[place(nextCookie)] != null) {
            nextCookie++;
        }
        return nextCookie++;
    }

    private int place(long cookie) {
        return (int) cookie & (places.length - 1);
    }

    /** Gives {@code request} its cookie. */
    void add(Pending request) {
        if (size >= places.length / 2) {
            grow();
        }
        long cookie = unusedCookie();
        request.cookie(cookie);
        places[place(cookie)] = request;
        size++;
    }

    /** Those that differ in their low bits differ in one bit more as well. */
    private void grow() {
        @Nullable Pending[] old = places;
        places = new @Nullable Pending[old.length * 2];
        for (Pending request : old) {
            if (request != null) {
                places[place(request.cookie())] = request;
            }
        }
    }

    /** The one with this cookie, which may be any number; null if there is none. */
    @Nullable
    Pending find(long cookie) {
        Pending found = places[place(cookie)];
        return found != null && found.cookie() == cookie ? found : null;
    }

    void remove(Pending request) {
        if (find(request.cookie()) != request) {
            throw new IllegalStateException("not in flight: cookie=" + request.cookie());
        }
        places[place(request.cookie())] = null;
        size--;
    }

    /** Takes all of them out, oldest first. */
    List<Pending> removeAll() {
        List<Pending> all = new ArrayList<>();
        for (Pending request : places) {
            if (request != null) {
                all.add(request);
            }
        }
        all.sort((one, other) -> Long.compare(one.cookie(), other.cookie()));
        places = new @Nullable Pending[FIRST_PLACES];
        size = 0;
        return all;
    }
}
