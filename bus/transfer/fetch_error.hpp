#pragma once

// Why a file could not be fetched: what happened, and what to do about it.

#include <string>
#include <string_view>

namespace ringrift::bus {

enum class FetchError {
    unreachable,    ///< No connection to any source. Start it, open its port, or give it a relay.
    denied,         ///< The source does not know our key. Join the cluster anew.
    impostor,       ///< Who answers there has not the source's key. Find out who listens there.
    other_version,  ///< The source speaks another version of the protocol. Update the older one.
    no_such_file,   ///< The source has no (readable) file with this digest. Choose another source.
    wrong_size,     ///< The source's file is longer or shorter than the log says. Quarantine it.
    busy,           ///< The source serves as many as it can. Try again later.
    stalled,        ///< The source was connected and then said nothing. Look whether it is frozen.
    disk_full,      ///< No room for the file here. Free some, or add a disk.
    not_writable,   ///< The file system here refused. The sentence says which file and why.
    in_use,         ///< Another process fetches this file into this folder. Leave it to it.
    mismatch,       ///< What came is not what the digest says; it is in quarantine. Distrust the
                    ///< sources that the sentence names, and fetch from others.
    stopped         ///< We were told to stop. What has come is kept, and goes on next time.
};

struct FetchFailure {
    FetchError error = FetchError::stopped;
    std::string sentence = {};  ///< What happened where, and what to do.
};

/// As in the list above: `no_such_file`.
std::string_view name_of(FetchError error);

/// What to do about it, as half a sentence.
std::string_view advice_for(FetchError error);

}  // namespace ringrift::bus
