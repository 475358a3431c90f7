#pragma once

// A shelf of named texts beside the log, in a key-value bucket of JetStream: what a consumer set
// aside and a person should see, from any machine (`nats kv ls RINGRIFT_ON_<cluster>`).
//
// What `put` confirmed is stored by as many servers as hold the log. Keys: letters, digits, -, _
// and dots. Calls block up to some seconds. For one thread.

#include <map>
#include <string>

#include "bus/nats_connection.hpp"
#include "bus/result.hpp"

namespace ringrift::bus {

class NatsShelf {
  public:
    /// `connection` outlives this.
    NatsShelf(NatsConnection& connection, const std::string& cluster);

    /// The errors are sentences.
    Result<Done, std::string> put(const std::string& key, const std::string& text);
    Result<Done, std::string> remove(const std::string& key);
    /// All texts whose key begins with `prefix`, by key.
    Result<std::map<std::string, std::string>, std::string> texts(const std::string& prefix);

    const std::string& bucket() const { return bucket_; }

  private:
    NatsConnection& connection_;
    const std::string cluster_;
    const std::string bucket_;
};

}  // namespace ringrift::bus
