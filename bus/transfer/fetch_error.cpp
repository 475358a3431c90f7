#include "bus/transfer/fetch_error.hpp"

namespace ringrift::bus {
namespace {

struct Words {
    std::string_view name;
    std::string_view advice;
};

Words words_of(FetchError error) {
    switch (error) {
        case FetchError::unreachable:
            return {"unreachable", "start that node, open its port, or give it a relay"};
        case FetchError::denied:
            return {"denied", "it does not know this node's key; let this node join again"};
        case FetchError::impostor:
            return {"impostor",
                    "who answers there has not the key that the cluster knows; find out who "
                    "listens there, or let that node join again with its new key"};
        case FetchError::other_version:
            return {"other_version", "update the older of the two programs"};
        case FetchError::no_such_file:
            return {"no_such_file", "fetch it from another node that has a copy"};
        case FetchError::wrong_size:
            return {"wrong_size", "that copy is not what the log says; let its node verify it"};
        case FetchError::busy: return {"busy", "try again later, or from another node"};
        case FetchError::stalled:
            return {"stalled", "look whether that node is frozen or its network blocked"};
        case FetchError::disk_full: return {"disk_full", "free some space, or add a disk"};
        case FetchError::not_writable: return {"not_writable", "look at the file system here"};
        case FetchError::in_use: return {"in_use", "let the other one finish"};
        case FetchError::mismatch:
            return {"mismatch", "verify the sources' copies, and fetch from another node"};
        case FetchError::stopped: break;
    }
    return {"stopped", "ask again; what has come is kept"};
}

}  // namespace

std::string_view name_of(FetchError error) {
    return words_of(error).name;
}

std::string_view advice_for(FetchError error) {
    return words_of(error).advice;
}

}  // namespace ringrift::bus
