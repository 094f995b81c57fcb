import Type from 'typebox';

export const IssuerEnv = Type.Object({
  APP_PORT: Type.Integer({ minimum: 1, maximum: 65_535 }),
  HOST: Type.String({ default: '127.0.0.1' }),
  /** where its keys are kept */
  ISSUER_DIR: Type.String({ minLength: 1 }),
  JWT_ISSUER_URL: Type.String({ minLength: 1 }),
  JWT_AUDIENCE: Type.String({ default: 'pahlawan-pangan', minLength: 1 }),
});
