/** Tests of {@link org.kiobd.store.rocksdb.data}. */
@NullMarked
package org.kiobd.store.rocksdb.data;

import org.jspecify.annotations.NullMarked;
