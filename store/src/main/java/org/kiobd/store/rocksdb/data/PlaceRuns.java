package org.kiobd.store.rocksdb.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Joins places to runs of adjacent ones. Stateless. */
final class PlaceRuns {
    private PlaceRuns() {}

    /** Returns {@code places} as runs, each in one file. Sorts them. */
    static List<FreePlaces.Run> of(long[] places) {
        Arrays.sort(places);
        List<FreePlaces.Run> runs = new ArrayList<>();
        int from = 0;
        for (int i = 1; i <= places.length; i++) {
            if (i == places.length || places[i] != places[i - 1] + 1 || FreePlaces.position(places[i]) == 0) {
                runs.add(new FreePlaces.Run(places[from], i - from));
                from = i;
            }
        }
        return places.length == 0 ? List.of() : runs;
    }
}
