package org.kiobd.nbd.client;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The requests in flight, by cookie. The low bits of a cookie are its index in a table that is at most half full; a cookie whose index is
 * occupied is skipped, so no two requests share an index and lookups never search. A cookie is never reused. Confined to the event loop.
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

    /** Returns a new cookie whose index is free. */
    long unusedCookie() {
        while (places[place(nextCookie)] != null) {
            nextCookie++;
        }
        return nextCookie++;
    }

    private int place(long cookie) {
        return (int) cookie & (places.length - 1);
    }

    /** Adds {@code request} and gives it a cookie. */
    void add(Pending request) {
        if (size >= places.length / 2) {
            grow();
        }
        long cookie = unusedCookie();
        request.cookie(cookie);
        places[place(cookie)] = request;
        size++;
    }

    /** Doubles the table. Cookies with different indexes keep different indexes, because the new index has one more bit. */
    private void grow() {
        @Nullable Pending[] old = places;
        places = new @Nullable Pending[old.length * 2];
        for (Pending request : old) {
            if (request != null) {
                places[place(request.cookie())] = request;
            }
        }
    }

    /** Returns the request with this cookie, which may be any number from the server; null if there is none. */
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

    /** Removes all requests and returns them, oldest first. */
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
