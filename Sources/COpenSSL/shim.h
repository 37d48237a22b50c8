// The OpenSSL headers that ChainCore/Crypto uses. Only files in that folder import this module.
#ifndef YUCHAIN_COPENSSL_SHIM_H
#define YUCHAIN_COPENSSL_SHIM_H

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/ts.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

// Macros made of casts and bit operations, which are not imported.
enum {
  YUCHAIN_PUBLIC_KEY = EVP_PKEY_PUBLIC_KEY,
  YUCHAIN_KEYPAIR = EVP_PKEY_KEYPAIR,
  YUCHAIN_NAME_UTF8 = XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB
};

#endif
