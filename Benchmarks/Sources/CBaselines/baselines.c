#include "baselines.h"

#include <lmdb.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

double bench_processor_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

const char *bench_openssl_version(void) { return OpenSSL_version(OPENSSL_VERSION); }

void *bench_sm2_key(const uint8_t *point) {
  uint8_t octets[65] = {4};
  memcpy(octets + 1, point, 64);
  EVP_PKEY *key = NULL;
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "SM2", NULL);
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, "SM2", 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, octets, sizeof octets),
      OSSL_PARAM_construct_end(),
  };
  if (context == NULL || EVP_PKEY_fromdata_init(context) != 1 || EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1) {
    key = NULL;
  }
  EVP_PKEY_CTX_free(context);
  return key;
}

void bench_sm2_free(void *key) { EVP_PKEY_free(key); }

size_t bench_sm2_der(const uint8_t *raw, uint8_t *der) {
  ECDSA_SIG *signature = ECDSA_SIG_new();
  ECDSA_SIG_set0(signature, BN_bin2bn(raw, 32, NULL), BN_bin2bn(raw + 32, 32, NULL));
  int length = i2d_ECDSA_SIG(signature, &der);
  ECDSA_SIG_free(signature);
  return length < 0 ? 0 : (size_t)length;
}

int bench_sm2_verify(void *key, const uint8_t *der, size_t length, const uint8_t *message, size_t count) {
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  EVP_PKEY_CTX *parameters = EVP_PKEY_CTX_new(key, NULL);
  EVP_PKEY_CTX_set1_id(parameters, "1234567812345678", 16);
  EVP_MD_CTX_set_pkey_ctx(context, parameters);
  int valid = EVP_DigestVerifyInit(context, NULL, EVP_sm3(), NULL, key) == 1 && EVP_DigestVerify(context, der, length, message, count) == 1;
  EVP_MD_CTX_free(context);
  EVP_PKEY_CTX_free(parameters);
  return valid;
}

static EVP_MD *fetched(int sm3) { return EVP_MD_fetch(NULL, sm3 ? "SM3" : "SHA256", NULL); }

void bench_hash(int sm3, const uint8_t *messages, size_t length, size_t count, uint8_t *digests) {
  EVP_MD *algorithm = fetched(sm3);
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  for (size_t i = 0; i < count; i++) {
    EVP_DigestInit_ex(context, algorithm, NULL);
    EVP_DigestUpdate(context, messages + i * length, length);
    EVP_DigestFinal_ex(context, digests + i * 32, NULL);
  }
  EVP_MD_CTX_free(context);
  EVP_MD_free(algorithm);
}

void bench_sm3_tree(uint8_t *leaves, size_t count, uint8_t *root) {
  EVP_MD *algorithm = fetched(1);
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  uint8_t node[65] = {1};
  while (count > 1) {
    for (size_t i = 0; i + 1 < count; i += 2) {
      memcpy(node + 1, leaves + i * 32, 64);
      EVP_DigestInit_ex(context, algorithm, NULL);
      EVP_DigestUpdate(context, node, sizeof node);
      EVP_DigestFinal_ex(context, leaves + i * 16, NULL);
    }
    if (count % 2 == 1) memcpy(leaves + count / 2 * 32, leaves + (count - 1) * 32, 32);
    count = (count + 1) / 2;
  }
  memcpy(root, leaves, 32);
  EVP_MD_CTX_free(context);
  EVP_MD_free(algorithm);
}

void bench_copy(const uint8_t *from, uint8_t *to, size_t length) {
  memcpy(to, from, length);
  // Or the compiler drops a copy that nobody reads.
  __asm__ volatile("" : : "r"(to) : "memory");
}

void *bench_map_open(const char *folder, size_t mib) {
  MDB_env *map = NULL;
  if (mdb_env_create(&map) != 0) return NULL;
  mdb_env_set_mapsize(map, mib << 20);
  if (mdb_env_open(map, folder, 0, 0600) != 0) {
    mdb_env_close(map);
    return NULL;
  }
  return map;
}

void bench_map_close(void *map) { mdb_env_close(map); }

int bench_map_put(void *map, const uint8_t *bytes, const uint32_t *sizes, size_t count) {
  MDB_txn *transaction = NULL;
  MDB_dbi table;
  if (mdb_txn_begin(map, NULL, 0, &transaction) != 0) return 1;
  int failed = mdb_dbi_open(transaction, NULL, 0, &table);
  for (size_t i = 0; i < count && failed == 0; i++) {
    MDB_val key = {sizes[2 * i], (void *)bytes};
    MDB_val value = {sizes[2 * i + 1], (void *)(bytes + key.mv_size)};
    bytes += key.mv_size + value.mv_size;
    failed = mdb_put(transaction, table, &key, &value, 0);
  }
  if (failed != 0) {
    mdb_txn_abort(transaction);
    return failed;
  }
  return mdb_txn_commit(transaction);
}
