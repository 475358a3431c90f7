#include "bus/nats_shelf.hpp"

#include <nats/nats.h>

#include <memory>

#include "bus/nats_handles.hpp"
#include "bus/nats_stream.hpp"
#include "bus/subjects.hpp"

namespace ringrift::bus {
namespace {

struct BucketEnd {
    void operator()(kvStore* bucket) const { kvStore_Destroy(bucket); }
};
struct EntryEnd {
    void operator()(kvEntry* entry) const { kvEntry_Destroy(entry); }
};

std::string in_vain(const std::string& bucket, natsStatus status) {
    return "the key-value bucket " + bucket + " does not answer (" + natsStatus_GetText(status) +
           "); see whether a majority of the NATS servers runs";
}

/// The bucket on one line, with what it needs.
struct Opened {
    std::optional<NatsLine> line = {};
    JetStream jetstream = {};
    std::unique_ptr<kvStore, BucketEnd> bucket = {};
    natsStatus status = NATS_OK;
};

/// As many copies as the log has.
int copies_of_log(jsCtx* jetstream, const std::string& cluster) {
    jsOptions options;
    jsOptions_Init(&options);
    options.Wait = 3 * ask_wait.count();
    jsStreamInfo* raw = nullptr;
    const natsStatus status =
        js_GetStreamInfo(&raw, jetstream, stream_name(cluster).c_str(), &options, nullptr);
    const StreamInfo info(raw);
    return status == NATS_OK ? static_cast<int>(info->Config->Replicas) : 1;
}

Opened open_bucket(const NatsConnection& connection, const std::string& cluster,
                   const std::string& name, bool may_create) {
    Opened opened = {.line = connection.line()};
    opened.status = NATS_CONNECTION_DISCONNECTED;
    if (!opened.line) return opened;
    jsOptions options;
    jsOptions_Init(&options);
    options.Wait = 3 * ask_wait.count();
    jsCtx* context = nullptr;
    opened.status = natsConnection_JetStream(&context, opened.line->connection(), &options);
    opened.jetstream.reset(context);
    if (opened.status != NATS_OK) return opened;
    kvStore* bucket = nullptr;
    opened.status = js_KeyValue(&bucket, context, name.c_str());
    if (opened.status == NATS_NOT_FOUND && may_create) {
        kvConfig config;
        kvConfig_Init(&config);
        config.Bucket = name.c_str();
        config.Description = "Events that the command of `ringrift on` failed on too often";
        config.History = 1;
        config.StorageType = js_FileStorage;
        config.Replicas = copies_of_log(context, cluster);
        opened.status = js_CreateKeyValue(&bucket, context, &config);
    }
    opened.bucket.reset(bucket);
    return opened;
}

}  // namespace

NatsShelf::NatsShelf(NatsConnection& connection, const std::string& cluster)
    : connection_(connection), cluster_(cluster), bucket_("RINGRIFT_ON_" + encode_token(cluster)) {}

Result<Done, std::string> NatsShelf::put(const std::string& key, const std::string& text) {
    const Opened opened = open_bucket(connection_, cluster_, bucket_, true);
    if (opened.status != NATS_OK) return in_vain(bucket_, opened.status);
    const natsStatus status = kvStore_Put(nullptr, opened.bucket.get(), key.c_str(), text.data(),
                                          static_cast<int>(text.size()));
    if (status != NATS_OK) return in_vain(bucket_, status);
    return Done{};
}

Result<Done, std::string> NatsShelf::remove(const std::string& key) {
    const Opened opened = open_bucket(connection_, cluster_, bucket_, false);
    if (opened.status == NATS_NOT_FOUND) return Done{};
    if (opened.status != NATS_OK) return in_vain(bucket_, opened.status);
    const natsStatus status = kvStore_Delete(opened.bucket.get(), key.c_str());
    if (status != NATS_OK) return in_vain(bucket_, status);
    return Done{};
}

Result<std::map<std::string, std::string>, std::string> NatsShelf::texts(
    const std::string& prefix) {
    std::map<std::string, std::string> found;
    const Opened opened = open_bucket(connection_, cluster_, bucket_, false);
    if (opened.status == NATS_NOT_FOUND) return found;
    if (opened.status != NATS_OK) return in_vain(bucket_, opened.status);
    kvKeysList keys = {};
    natsStatus status = kvStore_Keys(&keys, opened.bucket.get(), nullptr);
    for (int i = 0; status == NATS_OK && i < keys.Count; ++i) {
        const std::string key = keys.Keys[i];
        if (!key.starts_with(prefix)) continue;
        kvEntry* raw = nullptr;
        status = kvStore_Get(&raw, opened.bucket.get(), key.c_str());
        const std::unique_ptr<kvEntry, EntryEnd> entry(raw);
        if (status == NATS_NOT_FOUND) {  // Taken away meanwhile.
            status = NATS_OK;
            continue;
        }
        if (status != NATS_OK) break;
        found[key] = std::string(static_cast<const char*>(kvEntry_Value(raw)),
                                 static_cast<std::size_t>(kvEntry_ValueLen(raw)));
    }
    kvKeysList_Destroy(&keys);
    if (status != NATS_OK && status != NATS_NOT_FOUND) return in_vain(bucket_, status);
    return found;
}

}  // namespace ringrift::bus
